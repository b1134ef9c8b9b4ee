"""Copies of all that is kept of a project, and what brings them back."""
