"""What is recorded follows another name, wherever the name stands."""

from docbatch.state.moves import OF_CONNECTIONS, OF_JOBS
from docbatch.state.shape import TABLES


def test_every_table_that_names_a_job_follows_it() -> None:
    named = {table for table, columns in TABLES.items() if "job" in columns.split()}

    assert named | {"job"} == set(OF_JOBS)


def test_every_table_that_names_a_connection_follows_it() -> None:
    named = {table for table, columns in TABLES.items() if "connection" in columns.split()}

    assert named == set(OF_CONNECTIONS)
