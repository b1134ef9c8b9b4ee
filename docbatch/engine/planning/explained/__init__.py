"""Explaining a document: what is due for it and why, what it is known by, what it was, and what became of it."""
