"""Telling others of a run."""
