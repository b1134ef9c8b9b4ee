"""The documentation, held to what it is about."""
