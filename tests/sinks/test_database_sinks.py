"""Tables of declared rows, in a database of each kind; what the two have in common."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from docbatch.core.errors import SinkError
from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import DocumentInfo, Page, Result
from docbatch.sinks.base import Delivery, Fault, Receipt
from docbatch.sinks.databases import database_sink, duckdb_database
from docbatch.sinks.databases.sqlite_database import SqliteDatabase
from docbatch.sinks.databases.table_form import DOCUMENTS, TABLES
from docbatch.sinks.rows.row_maker import NO_PAGES

from .arrangement import (
    DELIVERED,
    MARKDOWN,
    PATHS,
    Arrangement,
    FakeAnswer,
    delivery,
    digest,
    failed,
    failing,
)

ALL_TYPES = {
    "text": {"value": "{{ row.value.text }}"},
    "whole": {"value": "{{ row.value.whole }}", "type": "integer"},
    "number": {"value": "{{ row.value.number }}", "type": "number"},
    "yes": {"value": "{{ row.value.yes }}", "type": "boolean"},
    "day": {"value": "{{ row.value.day }}", "type": "date"},
    "moment": {"value": "{{ row.value.moment }}", "type": "timestamp"},
    "select": {"value": "{{ row.value.all }}", "type": "json"},
}
VALUE = {
    "text": "a \0 'quote' \"and\" 日本",
    "whole": (1 << 63) - 1,
    "number": -0.0,
    "yes": True,
    "day": "2026-01-31",
    "moment": "2026-01-31T12:00:00+02:00",
    "all": {"deep": [1, None, "half \ud83d of a pair"]},
}


@dataclass(frozen=True)
class ValueAnswer(FakeAnswer):
    value: Mapping[str, Any] | None = None

    def result(self, document: DocumentInfo) -> Result:
        return super().result(document).model_copy(update={"metadata": {"value": self.value}})


@dataclass(frozen=True)
class PagedAnswer(FakeAnswer):
    def result(self, document: DocumentInfo) -> Result:
        pages = [Page(number=place, text=text) for place, text in enumerate(self.body.split(), 1)]
        return super().result(document).model_copy(update={"pages": tuple(pages)})


def valued(path: str, value: Mapping[str, Any]) -> Delivery:
    return replace(delivery(path, repr(value)), load=lambda: ValueAnswer(path, value=value))


def paged(path: str, pages: str) -> Delivery:
    return replace(delivery(path, pages), load=lambda: PagedAnswer(pages))


@pytest.fixture(params=["sqlite rows", "duckdb"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Arrangement:
    return Arrangement(request.param, tmp_path)


@contextmanager
def _database(at: Arrangement) -> Iterator[Any]:
    at.output.parent.mkdir(parents=True, exist_ok=True)
    if at.kind == "duckdb":
        with duckdb.connect(at.output) as opened:
            opened.execute("SET TimeZone = 'UTC'")
            yield opened
    else:
        with closing(sqlite3.connect(at.output)) as database, database:
            yield database


def _run(at: Arrangement, *statements: str) -> None:
    with _database(at) as database:
        for statement in statements:
            database.execute(statement)


def _rows(at: Arrangement, query: str) -> list[tuple[Any, ...]]:
    with _database(at) as database:
        found: list[tuple[Any, ...]] = database.execute(query).fetchall()
        return found


def _names(at: Arrangement, table: str = "documents") -> list[str]:
    with _database(at) as database:
        return [each[0] for each in database.execute(f"SELECT * FROM {table}").description]


def _deliver(at: Arrangement, deliveries: Sequence[Delivery], **options: Any) -> list[Receipt | Fault]:
    return list(at.open(**options).deliver(deliveries))


def _differences(at: Arrangement, expected: Sequence[Delivery], **options: Any) -> dict[str, str]:
    sink = at.open(**options)
    return {
        path.decode(): why for path, why in sink.verify((each.path, each.result_digest) for each in expected)
    }


def _trashed(at: Arrangement) -> list[list[dict[str, Any]]]:
    return [[json.loads(line) for line in text.splitlines()] for text in at.trashed()]


def test_values_of_each_type_are_there_and_are_known_again(at: Arrangement) -> None:
    whole = valued("a.pdf", VALUE)

    outcomes = _deliver(at, [whole, valued("b.pdf", {})], columns=ALL_TYPES)

    assert [type(each) for each in outcomes] == [Receipt] * 2
    full, empty = _rows(at, "SELECT * FROM documents ORDER BY path")
    assert empty == ("job", "b.pdf", *[None] * 7)
    assert full[:5] == ("job", "a.pdf", VALUE["text"], VALUE["whole"], 0.0)
    assert full[5] == 1
    assert [str(each) for each in full[6:8]] in (
        ["2026-01-31", "2026-01-31T10:00:00+00:00"],
        ["2026-01-31", "2026-01-31 10:00:00+00:00"],
    )
    assert json.loads(full[8])["deep"][:2] == [1, None]
    assert _differences(at, [whole], columns=ALL_TYPES) == {}


def test_duckdb_has_types_of_its_own(duck: Arrangement) -> None:
    _deliver(duck, [valued("a.pdf", VALUE)], columns=ALL_TYPES)

    kinds = _rows(
        duck, "SELECT data_type FROM duckdb_columns() WHERE table_name = 'documents' ORDER BY column_index"
    )
    assert [kind for (kind,) in kinds[2:]] == [
        "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP WITH TIME ZONE", "JSON",
    ]  # fmt: skip


def test_duckdb_has_standard_columns_where_none_are_declared(duck: Arrangement) -> None:
    _deliver(duck, [delivery("a.pdf")], columns=None)

    assert _names(duck) == [
        "job", "path", "labels", "columns", "sha256", "media_type", "outcome", "markdown", "text", "pages", "metadata",
        "result", "failure_class", "failure_code", "failure_message",
    ]  # fmt: skip
    assert _rows(duck, "SELECT result->>'$.document.path', labels FROM documents") == [("a.pdf", "{}")]


@pytest.mark.parametrize(
    "column", [{"value": "{{ row.text }}", "type": "integer"}, {"value": "{{ row.text }}", "type": "date"}]
)
def test_a_value_that_cannot_be_cast_is_a_fault_of_its_document(at: Arrangement, column: object) -> None:
    outcomes = _deliver(
        at,
        [delivery("a.pdf", "one"), delivery("b.pdf", "")],
        columns={"n": {"value": "7", "type": "integer"}},
    )
    assert [type(each) for each in outcomes] == [Receipt] * 2

    outcomes = _deliver(at, [delivery("a.pdf", "one")], columns={"n": column}, table="other")

    assert "column n: 'one' is no" in outcomes[0].message  # type: ignore[union-attr]


def test_a_document_has_as_many_rows_as_pages_and_the_table_follows(at: Arrangement) -> None:
    pages: dict[str, Any] = {"rows": "page", "columns": {"text": "{{ row.text }}"}}
    _deliver(at, [paged("a.pdf", "one two three"), paged("none.pdf", ""), paged("z.pdf", "one")], **pages)

    _deliver(at, [paged("a.pdf", "new two")], **pages)

    query = 'SELECT path, "row", text FROM documents ORDER BY path, "row"'
    assert _rows(at, query) == [("a.pdf", 1, "new"), ("a.pdf", 2, "two"), ("z.pdf", 1, "one")]
    assert _differences(at, [paged("a.pdf", "new two"), paged("none.pdf", "")], **pages) == {}
    assert at.trashed() == []


def test_a_document_without_rows_is_delivered_once_and_noticed_when_its_note_is_gone(at: Arrangement) -> None:
    none = paged("none.pdf", "")
    pages: dict[str, Any] = {"rows": "page"}
    assert _differences(at, [none], **pages) == {"none.pdf": "its rows are missing"}

    assert _deliver(at, [none], **pages) == [Receipt(b"none.pdf", None, remark=NO_PAGES)]
    assert _differences(at, [none], **pages) == {}

    _run(at, f"DELETE FROM {DOCUMENTS}")
    assert _differences(at, [none], **pages) == {"none.pdf": "its rows are missing"}


def test_rows_are_verified_document_by_document(at: Arrangement) -> None:
    at.deliver([delivery("a.pdf"), delivery("b/c.pdf", "old"), delivery("gone.pdf")])
    _run(at, "UPDATE documents SET markdown = 'mine' WHERE path = 'a.pdf'")
    _run(at, "DELETE FROM documents WHERE path = 'gone.pdf'")

    assert _differences(at, [*map(delivery, PATHS), delivery("gone.pdf")]) == {
        "a.pdf": "its rows were changed",
        "b/c.pdf": "its rows hold another result",
        "b/d.pdf": "its rows are missing",
        "gone.pdf": "its rows are missing",
    }


def test_verifying_makes_no_database(at: Arrangement) -> None:
    assert len(_differences(at, [*map(delivery, PATHS)])) == len(PATHS)
    assert not at.root.exists()


def test_an_undisturbed_database_is_not_written_again(at: Arrangement) -> None:
    at.deliver_all()
    before = at.output.stat()

    at.deliver_all()

    assert at.output.stat() == before or at.output.stat().st_mtime_ns == before.st_mtime_ns


def test_one_document_that_changed_is_the_only_one_that_is_written(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "ALTER TABLE documents ADD COLUMN seen TEXT", "UPDATE documents SET seen = 'yes'")

    at.deliver([delivery("a.pdf", "new"), delivery("b/c.pdf"), delivery("new.pdf")])

    assert _rows(at, "SELECT path, markdown, seen FROM documents ORDER BY path") == [
        ("a.pdf", "# new", "yes"),
        ("b/c.pdf", "# b/c.pdf", "yes"),
        ("b/d.pdf", "# b/d.pdf", "yes"),
        ("new.pdf", "# new.pdf", None),
    ]


def test_what_is_the_user_s_own_stays(at: Arrangement) -> None:
    at.deliver_all()
    _run(
        at,
        "CREATE TABLE notes (note TEXT)",
        "INSERT INTO notes VALUES ('keep')",
        "CREATE VIEW texts AS SELECT path, markdown FROM documents",
        "CREATE INDEX by_text ON documents (markdown)",
    )

    at.deliver_all({"a.pdf": "new"})

    assert _rows(at, "SELECT note FROM notes") == [("keep",)]
    assert _rows(at, "SELECT markdown FROM texts WHERE path = 'a.pdf'") == [("# new",)]


def test_a_constraint_of_the_user_s_concerns_one_document(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "CREATE UNIQUE INDEX each_once ON documents (markdown)")

    outcomes = at.deliver([delivery("a.pdf", "new"), delivery("b/c.pdf", "b/d.pdf"), delivery("e.pdf")])

    assert [type(each) for each in outcomes] == [Receipt, Fault, Receipt]
    assert "its rows cannot be written to" in str(outcomes[1])
    assert at.content() == DELIVERED | {"a.pdf": "# new\n", "e.pdf": "# e.pdf\n"}


def test_an_edited_document_goes_to_the_trash_whole(at: Arrangement) -> None:
    pages: dict[str, Any] = {"rows": "page", "columns": {"text": "{{ row.text }}"}}
    _deliver(at, [paged("a.pdf", "one two")], **pages)
    _run(at, """UPDATE documents SET text = 'mine' WHERE "row" = 2""")

    _deliver(at, [paged("a.pdf", "one two")], **pages)

    ((first, second),) = _trashed(at)
    assert (first["text"], second["row"], second["text"]) == ("one", 2, "mine")


def test_a_row_that_nobody_noted_goes_to_the_trash_before_it_is_replaced(at: Arrangement) -> None:
    at.deliver([delivery("b/c.pdf")])
    _run(at, "INSERT INTO documents (job, path, markdown) VALUES ('job', 'a.pdf', 'mine')")

    at.deliver_all()

    assert at.content() == DELIVERED
    assert [row["markdown"] for (row,) in _trashed(at)] == ["mine"]


MORE = {**MARKDOWN, "text": "{{ row.text }}"}


def test_a_column_that_is_declared_later_is_added(at: Arrangement) -> None:
    at.deliver_all()
    assert len(_differences(at, [*map(delivery, PATHS)], columns=MORE)) == len(PATHS)

    _deliver(at, [*map(delivery, PATHS)], columns=MORE)

    assert _rows(at, "SELECT path, text FROM documents ORDER BY path") == [(path, path) for path in PATHS]
    assert _differences(at, [*map(delivery, PATHS)], columns=MORE) == {}
    assert at.trashed() == []


def test_a_column_that_is_declared_no_more_stays_and_is_emptied(at: Arrangement) -> None:
    _deliver(at, [*map(delivery, PATHS)], columns=MORE)

    at.deliver_all()

    assert _rows(at, "SELECT DISTINCT text FROM documents") == [(None,)]
    assert _differences(at, [*map(delivery, PATHS)]) == {}


OTHER: Mapping[str, Mapping[str, Any]] = {
    "type": {"columns": {"markdown": {"value": "7", "type": "integer"}}},
    "rows": {"rows": "page", "columns": {"text": "{{ row.text }}"}},
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_a_table_of_another_form_gives_way_where_it_holds_nothing_else(
    at: Arrangement, other: Mapping[str, Any]
) -> None:
    at.deliver_all()
    at.edit()

    _deliver(at, [paged(path, "one") for path in PATHS], **other)

    assert _differences(at, [paged(path, "one") for path in PATHS], **other) == {}
    assert len(_rows(at, "SELECT * FROM documents")) == len(PATHS)
    assert [row["markdown"] for (row,) in _trashed(at)] == ["edited by hand"]


COMPANY = {
    "index": "CREATE INDEX mine ON documents (markdown)",
    "view": "CREATE VIEW mine AS SELECT * FROM documents",
    "column": "ALTER TABLE documents ADD COLUMN mine TEXT",
    "row of another job": "INSERT INTO documents (job, path) VALUES ('other', 'a.pdf')",
}


@pytest.mark.parametrize("company", COMPANY.values(), ids=COMPANY)
@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_a_table_of_another_form_is_refused_where_something_is_the_user_s(
    at: Arrangement, other: Mapping[str, Any], company: str
) -> None:
    at.deliver_all()
    _run(at, company)

    with pytest.raises(SinkError, match="cannot be written to: its ") as caught:
        _deliver(at, [delivery("a.pdf")], **other)
    with pytest.raises(SinkError, match="nothing was changed"):
        _differences(at, [], **other)

    assert "DROP TABLE" in str(caught.value.hint)
    assert at.content() == DELIVERED or "other" in company


FOREIGN = {
    "table": ("CREATE TABLE documents (job TEXT, path TEXT, markdown TEXT)", "docbatch did not make it"),
    "view": ("CREATE VIEW documents AS SELECT 1 AS job", "it is a view"),
    "key": (
        "CREATE TABLE documents (job TEXT, path TEXT, markdown TEXT, PRIMARY KEY (path))",
        "docbatch did not make it",
    ),
}


@pytest.mark.parametrize(("statement", "why"), FOREIGN.values(), ids=FOREIGN)
def test_a_table_of_the_user_s_is_refused(at: Arrangement, statement: str, why: str) -> None:
    _deliver(at, [delivery("a.pdf")], table="elsewhere")
    _run(at, statement)
    before = at.output.read_bytes()

    with pytest.raises(SinkError, match=why):
        at.deliver_all()

    assert at.output.read_bytes() == before


def test_a_column_of_the_user_s_is_not_taken(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "ALTER TABLE documents ADD COLUMN text TEXT")

    with pytest.raises(SinkError, match="it has a column text that docbatch did not make"):
        _deliver(at, [delivery("a.pdf")], columns=MORE)


def test_a_column_that_somebody_dropped_comes_back(at: Arrangement) -> None:
    _deliver(at, [*map(delivery, PATHS)], columns=MORE)
    _run(at, "ALTER TABLE documents DROP COLUMN text")
    assert len(_differences(at, [*map(delivery, PATHS)], columns=MORE)) == len(PATHS)

    _deliver(at, [*map(delivery, PATHS)], columns=MORE)

    assert _differences(at, [*map(delivery, PATHS)], columns=MORE) == {}


def test_a_table_that_somebody_dropped_is_made_again(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "DROP TABLE documents")
    assert at.noticed() == set(PATHS)

    at.deliver_all()

    assert at.content() == DELIVERED


def test_jobs_share_a_table(at: Arrangement) -> None:
    at.deliver_all()
    other = at.open(job="other")
    list(other.deliver([delivery("a.pdf", "other's"), delivery("z.pdf")]))

    at.open().remove(b"a.pdf")

    assert _rows(at, "SELECT job, path FROM documents ORDER BY job, path") == [
        ("job", "b/c.pdf"), ("job", "b/d.pdf"), ("other", "a.pdf"), ("other", "z.pdf"),
    ]  # fmt: skip
    at.open().remove(b"")
    assert [job for job, *_ in _rows(at, "SELECT job FROM documents")] == ["other", "other"]
    assert _rows(at, f"SELECT DISTINCT job FROM {DOCUMENTS}") == [("other",)]
    assert list(other.verify([(b"a.pdf", digest("other's"))])) == []
    other.remove(b"")
    assert not at.output.exists()


def test_rows_follow_a_job_that_is_called_otherwise_now(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "ALTER TABLE documents ADD COLUMN seen TEXT", "UPDATE documents SET seen = 'yes'")
    now = at.open(job="now")
    list(now.deliver([delivery("a.pdf", "new")]))

    now.take_over(["job", "never"])
    now.take_over(["job"])

    assert _rows(at, "SELECT job, path, markdown, seen FROM documents ORDER BY path") == [
        ("now", "a.pdf", "# new", None), ("now", "b/c.pdf", "# b/c.pdf", "yes"), ("now", "b/d.pdf", "# b/d.pdf", "yes"),
    ]  # fmt: skip
    assert list(now.verify((path.encode(), digest(path)) for path in PATHS[1:])) == []
    assert [row["markdown"] for (row,) in _trashed(at)] == ["# a.pdf"]


def test_taking_over_makes_no_database(at: Arrangement) -> None:
    at.open().take_over(["former"])

    assert not at.root.exists()


def test_a_database_with_tables_of_the_user_s_is_not_removed(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "CREATE TABLE notes (note TEXT)")

    at.open().remove(b"")

    assert _rows(at, "SELECT * FROM documents") == []
    assert _rows(at, f"SELECT name FROM {TABLES}") == [("documents",)]


def test_a_failure_is_a_row_until_a_result_takes_its_place(at: Arrangement) -> None:
    columns = {"class": "{{ row.failure.class }}", "outcome": "{{ row.outcome }}"}
    options: dict[str, Any] = {"failures": True, "columns": columns}
    _deliver(at, [failed("a.pdf", Failure(FailureClass.VENDOR_ERROR, "no", "E42"), known=False)], **options)
    assert _rows(at, "SELECT class, outcome FROM documents") == [("vendor_error", "failed")]

    _deliver(at, [delivery("a.pdf")], **options)

    assert _rows(at, "SELECT class, outcome FROM documents") == [(None, "succeeded")]


def test_windows_of_documents_are_all_delivered(at: Arrangement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_sink, "_WINDOW", 8)
    paths = [f"{index:04}.pdf" for index in range(30)]

    outcomes = at.deliver([*map(delivery, paths), failing("last.pdf", ValueError("bad"))])

    assert [each.path.decode() for each in outcomes if isinstance(each, Receipt)] == paths
    assert _differences(at, [*map(delivery, paths)]) == {}


def test_long_documents_end_a_window(at: Arrangement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_sink, "_WINDOW_CHARACTERS", 100)

    at.deliver(delivery(f"{index}.pdf", "long " * 30) for index in range(3))

    assert len(_rows(at, "SELECT * FROM documents")) == 3


def test_a_document_whose_name_is_not_utf8_has_rows(at: Arrangement) -> None:
    assert at.deliver_raw([(b"caf\xe9.pdf", delivery("x"))]) == [Receipt(b"caf\xe9.pdf", None)]

    assert _rows(at, "SELECT path FROM documents") == [("caf%E9.pdf",)]
    assert list(at.open().verify([(b"caf\xe9.pdf", digest("x"))])) == []


def test_what_is_no_database_is_refused_and_stays(at: Arrangement) -> None:
    at.output.parent.mkdir(parents=True)
    at.output.write_text("no database at all" * 10)

    with pytest.raises(SinkError, match=r"is not an? (SQLite|DuckDB) database"):
        at.deliver_all()
    with pytest.raises(SinkError, match=r"is not an? (SQLite|DuckDB) database"):
        _differences(at, [])

    assert at.output.read_text() == "no database at all" * 10
    assert [path.name for path in at.output.parent.iterdir()] == [at.output.name]


def test_a_database_of_somebody_else_is_refused_and_stays(at: Arrangement) -> None:
    _run(at, "CREATE TABLE customers (name TEXT)")
    before = at.output.read_bytes()

    with pytest.raises(SinkError, match="is a database that docbatch did not make"):
        at.deliver_all()

    assert at.output.read_bytes() == before


def test_an_empty_file_becomes_a_database(at: Arrangement) -> None:
    at.output.parent.mkdir(parents=True)
    at.output.touch()

    at.deliver_all()

    assert at.content() == DELIVERED


def test_notes_that_cannot_be_read_are_an_error_that_says_so(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, f"UPDATE {TABLES} SET columns = '[]'")

    with pytest.raises(SinkError, match="says nothing that this docbatch understands"):
        at.deliver_all()


HOLDER = """
import duckdb, sys
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def duck(tmp_path: Path) -> Arrangement:
    return Arrangement("duckdb", tmp_path)


@contextmanager
def _held(at: Arrangement) -> Iterator[None]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(at.output)], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.stdin.close()


def test_a_database_that_is_damaged_is_an_error_that_says_so(at: Arrangement) -> None:
    at.deliver_all()
    with at.output.open("r+b") as file:
        # Of DuckDB the first block behind the headers, of SQLite all but the header.
        file.seek(5000 if at.kind == "duckdb" else 100)
        file.write(bytes(4000))
    before = at.output.read_bytes()

    with pytest.raises(SinkError, match="is damaged: ") as caught:
        at.deliver_all({"a.pdf": "new"})

    assert "move the file away" in str(caught.value.hint)
    assert at.output.read_bytes() == before
    at.output.unlink()
    at.deliver_all()
    assert at.content() == DELIVERED


def test_a_database_that_another_program_has_open_is_an_error_that_names_it(
    duck: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_database, "_PATIENCE", 0)
    duck.deliver_all()

    with (
        _held(duck),
        pytest.raises(SinkError, match=r"Conflicting lock is held in .* \(PID \d+\)$") as caught,
    ):
        duck.deliver_all({"a.pdf": "new"})

    assert "close programs that hold it" in str(caught.value.hint)
    assert duck.content() == DELIVERED


def test_a_database_is_waited_for_until_the_other_program_lets_go(
    duck: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    duck.deliver_all()
    with _held(duck) as _, monkeypatch.context() as patched:
        holding = [True]

        def let_go(_seconds: float) -> None:
            if holding.pop():
                raise _LetGo

        patched.setattr("docbatch.sinks.databases.duckdb_database.time.sleep", let_go)
        with pytest.raises(_LetGo):
            duck.deliver_all({"a.pdf": "new"})

    duck.deliver_all({"a.pdf": "new"})

    assert duck.content()["a.pdf"] == "# new\n"


class _LetGo(Exception):
    pass


def test_without_the_extra_it_says_what_to_install(
    duck: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    with pytest.raises(SinkError, match="without the extra 'duckdb'") as caught:
        duck.deliver_all()

    assert "pip install 'docbatch[duckdb]'" in str(caught.value.hint)


def test_a_trigger_of_duckdb_runs_beside_what_is_written(duck: Arrangement) -> None:
    duck.deliver_all()
    _run(
        duck,
        "CREATE TABLE log (path TEXT)",
        "CREATE TRIGGER seen AFTER UPDATE ON documents REFERENCING NEW TABLE AS n"
        " FOR EACH STATEMENT INSERT INTO log SELECT path FROM n",
    )

    duck.deliver_all({"a.pdf": "new"})

    assert _rows(duck, "SELECT path FROM log") == [("a.pdf",)]


def test_what_a_killed_program_left_in_the_log_beside_a_database_counts(duck: Arrangement) -> None:
    duck.deliver_all()
    program = (
        "import duckdb, os, sys\n"
        "held = duckdb.connect(sys.argv[1])\n"
        "held.execute(\"UPDATE documents SET markdown = 'edited by hand' WHERE path = 'a.pdf'\")\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(duck.output)], check=False)
    assert duck.output.with_name("job.duckdb.wal").exists()
    assert duck.noticed() == {"a.pdf"}

    duck.deliver_all()

    assert duck.content() == DELIVERED
    assert not duck.output.with_name("job.duckdb.wal").exists()


def test_nothing_is_downloaded(duck: Arrangement) -> None:
    duck.deliver_all()
    settings = duckdb_database._SETTINGS

    assert settings["autoinstall_known_extensions"] is False
    assert settings["autoload_known_extensions"] is False


@pytest.fixture
def rows(tmp_path: Path) -> Arrangement:
    return Arrangement("sqlite rows", tmp_path)


EATERS = {
    "a row is taken away": "AFTER INSERT ON documents WHEN new.path = 'b/c.pdf'"
    " BEGIN DELETE FROM documents WHERE path = new.path; END",
    "a row is changed": "AFTER INSERT ON documents WHEN new.path = 'b/c.pdf'"
    " BEGIN UPDATE documents SET markdown = 'mine' WHERE path = new.path; END",
    "a row is never put in": "BEFORE INSERT ON documents WHEN new.path = 'b/c.pdf' BEGIN SELECT raise(IGNORE); END",
}


@pytest.mark.parametrize("trigger", EATERS.values(), ids=EATERS)
def test_rows_that_a_trigger_does_not_leave_as_they_were_written_are_a_fault(
    rows: Arrangement, trigger: str
) -> None:
    rows.deliver([delivery("first.pdf")])
    _run(rows, f"CREATE TRIGGER t {trigger}")

    outcomes = rows.deliver_all()

    assert [type(each) for each in outcomes] == [Receipt, Fault, Receipt]
    assert "a trigger takes them away or changes them" in outcomes[1].message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "does",
    [
        "DELETE FROM documents WHERE path = 'a.pdf'",
        "UPDATE documents SET markdown = 'mine' WHERE path = 'a.pdf'",
        "REPLACE INTO documents (job, path) VALUES ('job', 'a.pdf')",
        "INSERT INTO documents (job, path) SELECT 'job', 'more.pdf' WHERE new.path <> 'more.pdf'",
        "UPDATE documents SET markdown = 'mine' WHERE job = 'other'",
    ],
)
def test_a_trigger_that_touches_rows_of_other_documents_is_noticed_and_undone(
    rows: Arrangement, does: str
) -> None:
    rows.deliver_all()
    list(rows.open(job="other").deliver([delivery("a.pdf")]))
    _run(rows, f"CREATE TRIGGER t AFTER INSERT ON Documents BEGIN {does}; END")

    with pytest.raises(SinkError, match="changes rows of other documents"):
        rows.deliver([delivery("new.pdf")])

    assert _differences(rows, [*map(delivery, PATHS)]) == {}


def test_a_trigger_that_stops_one_document_stops_no_other(rows: Arrangement) -> None:
    rows.deliver_all()
    _run(
        rows,
        "CREATE TRIGGER guard BEFORE UPDATE ON documents WHEN new.path = 'a.pdf'"
        " BEGIN SELECT raise(ABORT, 'reviewed rows stay'); END",
    )

    outcomes = rows.deliver_all({"a.pdf": "new", "b/c.pdf": "new"})

    assert [type(each) for each in outcomes] == [Fault, Receipt, Receipt]
    assert "reviewed rows stay" in str(outcomes[0])
    assert rows.content() == DELIVERED | {"b/c.pdf": "# new\n"}


def test_columns_that_are_declared_later_make_another_table_of_the_first(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    sqlite.edit()

    _deliver(sqlite, [*map(delivery, PATHS)], columns=MARKDOWN)

    assert _names(sqlite) == ["job", "path", "markdown", "of"]
    assert [row["markdown"] for (row,) in _trashed(sqlite)] == ["edited by hand"]


def test_columns_that_are_declared_no_more_make_the_first_table_again(sqlite: Arrangement) -> None:
    _deliver(sqlite, [*map(delivery, PATHS)], columns=MARKDOWN)
    sqlite.edit()
    assert len(_differences(sqlite, [*map(delivery, PATHS)])) == len(PATHS)

    sqlite.deliver_all()

    assert "checksum" in _names(sqlite)
    assert sqlite.content() == DELIVERED
    assert [row["markdown"] for (row,) in _trashed(sqlite)] == ["edited by hand"]


def test_a_table_of_declared_rows_with_rows_of_another_job_is_refused(sqlite: Arrangement) -> None:
    list(sqlite.open(job="other", columns=MARKDOWN).deliver([delivery("a.pdf")]))

    with pytest.raises(SinkError, match='has a table "documents" of declared rows'):
        sqlite.deliver_all()


def test_a_journal_that_a_kill_left_is_undone_by_the_next_delivery(rows: Arrangement) -> None:
    rows.deliver_all()
    program = (
        "import os, sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('PRAGMA cache_size = 1')\n"
        "held.execute('BEGIN IMMEDIATE')\n"
        "held.execute('UPDATE documents SET markdown = hex(zeroblob(100000))')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(rows.output)], check=False)
    assert _differences(rows, [*map(delivery, PATHS)]) == dict.fromkeys(
        PATHS, "its database was left unfinished"
    )

    rows.deliver_all()

    assert (rows.content(), rows.trashed()) == (DELIVERED, [])


def test_a_reader_sees_every_document_as_before_or_as_after_at_any_moment(
    rows: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: dict[str, Any] = {"rows": "page", "columns": {"text": "{{ row.text }}"}}
    before = [paged(path, "old1 old2 old3") for path in PATHS]
    after = [paged(path, "new1 new2") for path in PATHS]
    _deliver(rows, before, **pages)
    seen: list[list[tuple[Any, ...]]] = []

    def looked(request: Callable[..., object]) -> Callable[..., object]:
        def looking(*arguments: object) -> object:
            seen.append(_texts(rows))
            outcome = request(*arguments)
            seen.append(_texts(rows))
            return outcome

        return looking

    for name in ("insert", "update", "delete", "commit"):
        monkeypatch.setattr(SqliteDatabase, name, looked(getattr(SqliteDatabase, name)))
    _deliver(rows, after, **pages)

    old = [(path, f"old{number}") for path in PATHS for number in (1, 2, 3)]
    new = [(path, f"new{number}") for path in PATHS for number in (1, 2)]
    assert [each for each in seen if each not in (old, new)] == []
    assert (seen[0], seen[-1]) == (old, new)


def _texts(at: Arrangement) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{at.output.as_uri()}?mode=ro", uri=True)) as database:
        return database.execute('SELECT path, text FROM documents ORDER BY path, "row"').fetchall()


def test_a_database_that_cannot_grow_keeps_its_rows(at: Arrangement) -> None:
    resource = pytest.importorskip("resource")
    at.deliver_all()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at.output.stat().st_size, before[1]))
    try:
        with pytest.raises(SinkError, match="cannot be used") as caught:
            at.deliver_all({"a.pdf": "long " * 1_000_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "results are safe in the spool" in str(caught.value.hint)
    assert at.content() == DELIVERED
    at.deliver_all({"a.pdf": "long " * 1_000_000})
    assert at.trashed() == []
    assert [each.name for each in at.output.parent.iterdir()] == [at.output.name]


KEYWORDS = ("select", "table", "order", "default", "from", "rowid", "group", "index")


def test_names_that_are_keywords_are_names_of_columns_and_tables(at: Arrangement) -> None:
    options: dict[str, Any] = {"table": "order", "columns": dict.fromkeys(KEYWORDS, "{{ row.text }}")}
    odd = delivery('it\'s a "quote".pdf')

    _deliver(at, [odd], **options)

    assert _rows(at, 'SELECT path, "select", "index" FROM "order"') == [
        (odd.path.decode(), *[odd.path.decode()] * 2)
    ]
    assert _differences(at, [odd], **options) == {}


def test_a_document_may_have_hundreds_of_columns(at: Arrangement) -> None:
    options: dict[str, Any] = {"columns": {f"c{number}": "{{ row.text }}" for number in range(500)}}

    _deliver(at, [delivery("a.pdf")], **options)
    _deliver(at, [delivery("a.pdf", "new")], **options)

    assert _rows(at, "SELECT c0, c499 FROM documents") == [("new", "new")]
