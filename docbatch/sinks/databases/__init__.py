"""Declared rows as tables of a database in a file: `database_sink.py` writes them, `row_table.py` is one table, an engine each the rest."""
