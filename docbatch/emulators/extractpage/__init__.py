"""The emulated extract.page."""
