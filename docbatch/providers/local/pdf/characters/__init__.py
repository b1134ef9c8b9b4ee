"""The characters of a PDF, as its pages have them."""
