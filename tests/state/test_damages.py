"""Every row of every table, lost or changed: told by the check and before something is sent, or of no consequence."""

from dataclasses import dataclass, replace

import pytest

from docbatch.core.errors import DocbatchError
from docbatch.engine.administration.check_state import check
from tests.state.damages import Damage, Restorable

SEED = 12
FEW = 60
IDLE = ("_sqlite_migrations", "sqlite_sequence")
"""Tables of libraries, which decide about nothing."""
DIGESTS = {("item", "key"), ("item", "digest"), ("item", "result"), ("delivery", "result")}
LENGTH = 32
WHERE_RESULTS_LIE = ("pack", "result")
"""Tables that reading proves: what is wrong there is a result that is lost, where a document wants it, and comes back."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Restorable:
    return Restorable(tmp_path_factory.mktemp("damages"))


@dataclass(frozen=True)
class Seen:
    """Whether the check and the run told of it, what was paid since, and the outputs."""

    checked: bool
    told: bool
    paid: dict[str, int]
    outputs: dict[str, str]


def seen(place: Restorable, damage: Damage | None) -> Seen | None:
    """Look what a damage leads to; None where SQLite does not allow it."""
    project = place.put_back()
    before = project.paid()
    if damage is not None and not damage.inflict(place.state):
        return None
    checked = bool(list(check(project.folder)))
    try:
        run = project.apply()
        told = bool(run.errors or run.connections.troubles)
    except DocbatchError:
        told = True
    more = {content: times - before.get(content, 0) for content, times in project.paid().items()}
    return Seen(
        checked, told, {content: times for content, times in more.items() if times}, project.outputs()
    )


def _judge(place: Restorable, chosen: list[Damage]) -> list[str]:
    whole = seen(place, None)
    assert whole is not None
    assert (whole.checked, whole.told) == (False, False)
    faults = []
    for damage in chosen:
        found = seen(place, damage)
        if found is None:
            continue
        if max(place.project.paid().values()) > 1 or not found.paid.keys() <= whole.paid.keys():
            faults.append(f"{damage}: paid twice: {found.paid}")
        elif found.told and found.paid:
            faults.append(f"{damage}: told after something was paid: {found.paid}")
        elif not found.told and (found.paid, found.outputs) != (whole.paid, whole.outputs):
            faults.append(f"{damage}: not told, and does harm: {found}")
        elif not found.checked and damage.table not in (*IDLE, *WHERE_RESULTS_LIE):
            faults.append(f"{damage}: is not noticed by the check")
    return faults


def test_a_few_damages(place: Restorable) -> None:
    assert _judge(place, place.damages(SEED)[:FEW]) == []


def no_digests(place: Restorable) -> list[Damage]:
    """Return what may lie in the place of a digest and is none, in one row of each table."""
    found: dict[tuple[str, str | None], Damage] = {}
    for each in place.damages(SEED):
        if (
            (each.table, each.column) in DIGESTS
            and isinstance(each.value, bytes)
            and len(each.value) == LENGTH
        ):
            found.setdefault((each.table, each.column), each)
    assert set(found) == DIGESTS
    values = (b"", b"a", bytes(LENGTH - 1), bytes(LENGTH + 1), bytes(5000))
    return [replace(each, value=value) for each in found.values() for value in values]


def test_what_is_no_digest_is_told(place: Restorable) -> None:
    assert _judge(place, no_digests(place)) == []


@pytest.mark.full
def test_all_damages(place: Restorable) -> None:
    found = place.damages(SEED)

    assert len(found) >= 500
    assert _judge(place, found) == []


def test_the_check_names_table_and_row_of_each_that_is_lost(place: Restorable) -> None:
    place.put_back()
    lost = [
        each
        for each in place.damages(SEED)
        if each.column is None and each.table not in (*IDLE, *WHERE_RESULTS_LIE, "tally")
    ]
    unnamed = []
    for damage in lost:
        project = place.put_back()
        damage.inflict(place.state)
        told = [
            each.sentence
            for each in check(project.folder)
            if each.sentence.startswith(f"table {damage.table}: row ")
        ]
        if not any(each.endswith("is missing") for each in told):
            unnamed.append((damage, told))

    assert unnamed == []


@pytest.mark.parametrize("path", [b"asked.txt", b"live.txt"])
def test_a_document_without_a_result_that_is_marked_as_to_be_written_ends_no_run(
    place: Restorable, path: bytes
) -> None:
    assert _judge(place, [Damage("delivery", (("sink", 1), ("path", path)), "due", 1)]) == []
