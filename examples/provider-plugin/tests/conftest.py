"""Gives pytest the kit's fixtures, its marker and its option --docbatch-long."""

pytest_plugins = ["docbatch.testing.plugin"]
