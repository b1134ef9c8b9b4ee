"""Every row of the tables of errors is needed: a mutant of docbatch that breaks what it states is noticed by it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from docbatch.core.errors import DocbatchError
from tests.engine import test_cancel_work as cancel
from tests.engine import test_follow_submission as follow
from tests.engine import test_look_for_unknown_work as look_for_unknown_work
from tests.engine import test_pauses as pauses
from tests.engine import test_prepare_submission as prepare
from tests.engine import test_recover_work as recover
from tests.engine import test_send_submission as create
from tests.engine import test_settle_unanswered_creates as settle
from tests.engine import test_unrecorded_work as unrecorded
from tests.fake import mutants
from tests.fake.mutants import Mutant


class Row(Protocol):
    def check(self, root: Path) -> None: ...


TABLES: Mapping[str, tuple[Mapping[str, Row], Mapping[str, Mutant]]] = {
    "create": (create.ROWS, mutants.CREATE),
    "prepare": (prepare.ROWS, mutants.PREPARE),
    "settle": (settle.ROWS, mutants.SETTLE),
    "follow": (follow.ROWS, mutants.FOLLOW),
    "unrecorded": (unrecorded.ROWS, mutants.UNRECORDED),
    "look_for_unknown_work": (look_for_unknown_work.ROWS, mutants.UNKNOWN_WORK),
    "recover": (recover.ROWS, mutants.RECOVER),
    "cancel": (cancel.ROWS, mutants.CANCEL),
    "pauses": (pauses.ROWS, mutants.PAUSES),
}
STEP = 4
"""Every how many-th row is tried in the short form."""
PAIRS = [
    (table, name, row)
    for table, (_, those) in TABLES.items()
    for name, mutant in those.items()
    for row in mutant.rows
]
ALL = [
    pytest.param(
        *(table, name, row),
        id=f"{table}, {name} ({row})",
        marks=[pytest.mark.full] if number % STEP else [],
    )
    for number, (table, name, row) in enumerate(PAIRS)
]


@pytest.mark.parametrize(("table", "name", "row"), ALL)
def test_a_mutant_is_noticed(tmp_path: Path, table: str, name: str, row: str) -> None:
    rows, those = TABLES[table]

    with those[name].applied(), pytest.raises((AssertionError, DocbatchError)):
        rows[row].check(tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_a_mutant_is_of_what_is_there(table: str) -> None:
    for mutant in TABLES[table][1].values():
        with mutant.applied():
            pass


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_without_a_mutant(table: str) -> None:
    rows, those = TABLES[table]

    assert {row for mutant in those.values() for row in mutant.rows} == rows.keys()
