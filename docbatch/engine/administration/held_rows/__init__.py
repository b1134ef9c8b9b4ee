"""Rows in places that keep many documents, such as tables of a server, looked at and cleared apart from runs."""
