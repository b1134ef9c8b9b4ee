"""Documents that flow, such as texts and books: their files opened with care, their words and blocks as they are read."""
