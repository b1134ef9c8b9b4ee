"""The lines of a PDF: all of them, in their order, each with its role."""
