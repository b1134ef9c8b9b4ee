"""Forms in PDFs: what was filled in, and the words that name it."""
