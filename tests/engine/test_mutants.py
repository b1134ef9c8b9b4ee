"""Every row of the tables of errors is needed: a mutant of docbatch that breaks what it states is noticed by it."""

from pathlib import Path

import pytest

from docbatch.core.errors import DocbatchError
from tests.engine import test_send_submission as create
from tests.fake import mutants

TABLES = {"create": (create.ROWS, mutants.CREATE)}
ALL = [
    pytest.param(table, name, row, id=f"{table}, {name} ({row})")
    for table, (_, those) in TABLES.items()
    for name, mutant in those.items()
    for row in mutant.rows
]


@pytest.mark.parametrize(("table", "name", "row"), ALL)
def test_a_mutant_is_noticed(tmp_path: Path, table: str, name: str, row: str) -> None:
    rows, those = TABLES[table]

    with those[name].applied(), pytest.raises((AssertionError, DocbatchError)):
        rows[row].check(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_without_a_mutant(table: str) -> None:
    rows, those = TABLES[table]

    assert {row for mutant in those.values() for row in mutant.rows} == rows.keys()
