"""Presentations, read from their own parts in the order in which they are shown."""
