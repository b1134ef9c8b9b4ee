"""Texts with a structure of their own: Markdown and JSON."""
