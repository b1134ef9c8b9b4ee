"""Text and HTML: from bytes to characters."""
