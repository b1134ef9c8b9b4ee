"""Pictures of text: which are read, by what, and in which order."""
