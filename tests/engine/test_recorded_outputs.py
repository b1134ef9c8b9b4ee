"""Which outputs have to be written: the same whether rows are compared in one stretch, one by one, or beside rows of the past."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.changes import Reason
from docbatch.core.models import ItemStatus, WorkItem
from docbatch.engine.planning.places.output_check import OutputCheck
from docbatch.engine.planning.recorded_rows import Outputs
from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.sinks import KINDS
from docbatch.sinks.kind import Opening
from docbatch.state.deliveries import OutputRow
from docbatch.state.documents import DocumentRow
from docbatch.state.store import Store

RESULT = "1" * 64
DUE = {
    b"behind": Reason.BEHIND,
    b"changed": Reason.BEHIND,
    b"edited": Reason.EDITED,
    b"gone": Reason.MISSING,
    b"new": Reason.NEW_SINK,
}
NAMES = [b"as-it-was", *DUE, b"zz-as-it-was"]


@pytest.fixture
def sink(tmp_path: Path) -> ResolvedSink:
    kind = KINDS.kind("files")
    options = kind.options.model_validate({"type": "files", "path": "x"})
    opening = Opening("job", options, tmp_path / "out", b"", tmp_path / "trash")
    root = os.fsencode(opening.root)
    return ResolvedSink(kind, "files", root, None, lambda path, _d, _s: path, lambda: kind.open(opening))


@pytest.fixture
def written(sink: ResolvedSink) -> dict[bytes, OutputRow]:
    """Return what a state knows of outputs, some of which are no longer what they were."""
    folder = Path(os.fsdecode(sink.root or b""))
    folder.mkdir()
    for name in NAMES:
        (folder / os.fsdecode(name)).write_bytes(name)
    stamps = {name: sink.open().stamp(name) for name in NAMES}
    (folder / "edited").write_text("edited")
    (folder / "gone").unlink()
    rows: dict[bytes, OutputRow] = {name: (name, name, RESULT, stamps[name], 0) for name in NAMES}
    rows[b"behind"] = (*rows[b"behind"][:4], 1)
    rows[b"changed"] = (b"changed", b"changed", "2" * 64, stamps[b"changed"], 0)
    del rows[b"new"]
    return rows


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writable(tmp_path / "state") as store:
        yield store


def _document(path: bytes) -> DocumentRow:
    return path, "digest", "text/plain", "succeeded", RESULT, 1, None


def _outputs(sink: ResolvedSink, rows: Mapping[bytes, OutputRow]) -> Outputs:
    """Return outputs read along with documents, as if the state held these rows."""
    outputs = Outputs(sink, None, None)
    outputs._rows._source = iter([rows[path] for path in sorted(rows)])
    return outputs


def test_one_output_is_compared_by_itself(sink: ResolvedSink, written: dict[bytes, OutputRow]) -> None:
    check = OutputCheck(sink)

    assert {name: check.fault(written.get(name), RESULT) for name in NAMES} == {
        **dict.fromkeys(NAMES),
        **DUE,
    }
    assert check.fault(written[b"as-it-was"], "2" * 64) is Reason.BEHIND


def test_an_output_that_someone_consumed_is_not_due(
    sink: ResolvedSink, written: dict[bytes, OutputRow]
) -> None:
    check = OutputCheck(replace(sink, rewrite_missing=False))

    assert check.fault(written[b"gone"], RESULT) is None
    assert check.fault(written[b"edited"], RESULT) is Reason.EDITED


@pytest.mark.parametrize("window", [1, 2, len(NAMES)])
@pytest.mark.parametrize("past", [(), (b"ab", b"aa"), (b"edited-before", b"zzz")])
def test_windows_of_documents_are_compared_as_each_is(
    sink: ResolvedSink, written: dict[bytes, OutputRow], window: int, past: tuple[bytes, ...]
) -> None:
    """Rows of the past belong to documents that are gone."""
    gone: dict[bytes, OutputRow] = {name: (name, name, RESULT, "stamp", 0) for name in past}
    outputs = _outputs(sink, written | gone)

    found: dict[bytes, Reason] = {}
    for start in range(0, len(NAMES), window):
        documents = [_document(name) for name in NAMES[start : start + window]]
        found |= {documents[position][0]: reason for position, reason in outputs.faults(documents)}

    assert found == DUE


def test_a_stretch_in_which_nothing_is_due_is_compared_at_once(
    sink: ResolvedSink, written: dict[bytes, OutputRow]
) -> None:
    still = [b"as-it-was", b"edited", b"gone", b"zz-as-it-was"]
    outputs = _outputs(sink, {name: written[name] for name in still})

    found = {still[position]: reason for position, reason in outputs.faults([*map(_document, still)])}

    assert found == {b"edited": Reason.EDITED, b"gone": Reason.MISSING}


def test_what_the_state_knows_of_one_output_is_found_by_its_document(store: Store) -> None:
    with store.write():
        store.database.execute("INSERT INTO recipe VALUES (1, 'key', 'local', 'x', 'parse', '{}', '{}')")
        store.database.execute(
            "INSERT INTO job (name, connection, recipe, config, source, priority, pins) VALUES ('job', 'local', 1, '{}', x'2f', 50, '{}')"
        )
        row = store.deliveries.declare("job", "files", b"/out", None)
        store.deliveries.put(row, b"a.pdf", b"a.pdf.md", 7, due=True)
    store.deliveries.delivered(row, [(b"a.pdf", "stamp", RESULT)])

    assert store.deliveries.of(row, b"a.pdf") == (b"a.pdf", b"a.pdf.md", RESULT, "stamp", 0)
    assert store.deliveries.of(row, b"b.pdf") is None


def test_what_bytes_came_to_is_forgotten_of_an_output_that_is_written_without_saying_it(store: Store) -> None:
    with store.write():
        store.database.execute("INSERT INTO recipe VALUES (1, 'key', 'local', 'x', 'parse', '{}', '{}')")
        store.database.execute(
            "INSERT INTO job (name, connection, recipe, config, source, priority, pins) VALUES ('job', 'local', 1, '{}', x'2f', 50, '{}')"
        )
        row = store.deliveries.declare("job", "files", b"/out", None)
        for name in (b"a.pdf", b"b.pdf"):
            store.deliveries.put(row, name, name + b".md", 7, due=True)
    receipts = [(name, "stamp", RESULT) for name in (b"a.pdf", b"b.pdf")]
    store.deliveries.delivered(row, receipts, None, [(name, 3, RESULT) for name, _, _ in receipts])

    store.deliveries.delivered(row, receipts[:1])

    known = store.database.execute("SELECT path, size FROM written WHERE sink = ?", (row,)).fetchall()
    assert known == [(b"b.pdf", 3)]


@pytest.mark.parametrize(("status", "late"), [("succeeded", 1), ("partial", 0), ("failed", 0)])
def test_what_is_told_by_its_status_is_not_told_again_as_not_written(
    store: Store, status: str, late: int
) -> None:
    with store.write():
        store.database.execute("INSERT INTO recipe VALUES (1, 'key', 'local', 'x', 'parse', '{}', '{}')")
        store.database.execute(
            "INSERT INTO job (name, connection, recipe, config, source, priority, pins) VALUES ('job', 'local', 1, '{}', x'2f', 50, '{}')"
        )
        item = store.items.want(WorkItem("6b", "1", "64", 1, "text/plain", "a.pdf", b"/a.pdf"), 1)
        store.items.set(store.items.by_row(item), ItemStatus(status))
        store.documents.put("job", b"a.pdf", item, None)
        store.deliveries.put(
            store.deliveries.declare("job", "files", b"/out", None), b"a.pdf", b"a.pdf.md", 7, due=True
        )

    assert store.deliveries.undelivered("job") == late
