"""The emulated Extend."""
