"""Rows in a table of a PostgreSQL server, and a record beside it of what docbatch wrote there."""
