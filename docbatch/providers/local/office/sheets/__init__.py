"""Spreadsheets, read from their own parts: values as they are shown, and all that stands beside them."""
