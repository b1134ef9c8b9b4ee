"""Books (EPUB), chapter by chapter."""
