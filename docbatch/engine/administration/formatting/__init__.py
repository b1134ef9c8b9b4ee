"""Spec files in the one layout: found, laid out, written."""
