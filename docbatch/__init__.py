"""Declarative, resumable batch runs of documents through parsing services."""

__version__ = "0.1.0"

__all__ = ["__version__"]
