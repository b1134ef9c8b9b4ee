import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from docbatch.core.errors import SinkError
from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Result
from docbatch.sinks.base import Fault, Receipt
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.sqlite_rows import SqliteSink
from docbatch.sinks.table import NAMES, checksum
from docbatch.sinks.trash import Trash

from .arrangement import DELIVERED, PATHS, Arrangement, delivery, digest, failed

FACTS = RowFacts("other", {"team": "a"}, lambda path: {"customer": path.decode()})
EXPECTED = [(path.encode(), digest(path)) for path in PATHS]


@contextmanager
def _database(at: Arrangement) -> Iterator[sqlite3.Connection]:
    at.output.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(at.output)) as database, database:
        yield database


def _run(at: Arrangement, *statements: str) -> None:
    with _database(at) as database:
        for statement in statements:
            database.execute(statement)


def _differences(at: Arrangement) -> dict[str, str]:
    return {path.decode(): why for path, why in at.open().verify(EXPECTED)}


def test_a_row_holds_the_document_and_its_result(sqlite: Arrangement) -> None:
    sqlite.deliver_all()

    with _database(sqlite) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM documents WHERE path = 'a.pdf'").fetchone())
    assert Result.model_validate_json(row.pop("result")).document.path == "a.pdf"
    assert len(row.pop("checksum")) == 32
    assert row == {
        "job": "job",
        "path": "a.pdf",
        "labels": "{}",
        "columns": "{}",
        "sha256": "0" * 64,
        "media_type": "application/pdf",
        "outcome": "succeeded",
        "markdown": "# a.pdf",
        "text": "a.pdf",
        "pages": None,
        "metadata": "{}",
        "result_digest": digest("a.pdf"),
        "failure_class": None,
        "failure_code": None,
        "failure_message": None,
    }


def test_an_undisturbed_database_is_not_written_again(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    before = sqlite.output.stat()

    sqlite.deliver_all()

    assert sqlite.output.stat().st_mtime_ns == before.st_mtime_ns


def test_rows_are_verified_one_by_one(sqlite: Arrangement) -> None:
    sqlite.deliver([delivery(path, body) for path, body in [("a.pdf", "a.pdf"), ("b/c.pdf", "old")]])
    _run(sqlite, "UPDATE documents SET text = x'ff' WHERE path = 'a.pdf'")

    assert _differences(sqlite) == {
        "a.pdf": "its row was changed",
        "b/c.pdf": "its row holds another result",
        "b/d.pdf": "its row is missing",
    }


@pytest.mark.parametrize("statement", ["DROP TABLE documents", "DELETE FROM documents"])
def test_rows_that_are_gone_are_all_named(sqlite: Arrangement, statement: str) -> None:
    sqlite.deliver_all()
    _run(sqlite, statement)

    assert _differences(sqlite) == dict.fromkeys(PATHS, "its row is missing")
    sqlite.deliver_all()
    assert sqlite.content() == DELIVERED


def test_verifying_does_not_make_a_database(sqlite: Arrangement) -> None:
    assert _differences(sqlite) == dict.fromkeys(PATHS, "its row is missing")
    assert not sqlite.root.exists()


def test_an_edited_row_is_kept_as_json(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(sqlite, "UPDATE documents SET markdown = 'mine', text = x'ff' WHERE path = 'a.pdf'")

    sqlite.deliver_all()

    (kept,) = (json.loads(text) for text in sqlite.trashed())
    assert (kept["path"], kept["markdown"], kept["sha256"]) == ("a.pdf", "mine", "0" * 64)


def test_tables_and_columns_of_the_user_s_own_stay(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(
        sqlite,
        "ALTER TABLE documents ADD COLUMN reviewed TEXT",
        "UPDATE documents SET reviewed = 'yes'",
        "CREATE TABLE notes (note TEXT)",
        "INSERT INTO notes VALUES ('keep')",
    )

    sqlite.deliver_all({"a.pdf": "new"})

    with _database(sqlite) as database:
        assert database.execute("SELECT reviewed, text FROM documents").fetchone() == ("yes", "new")
        assert database.execute("SELECT note FROM notes").fetchall() == [("keep",)]


def test_a_constraint_of_the_user_s_own_concerns_one_document(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(
        sqlite,
        "CREATE TRIGGER guard BEFORE UPDATE ON documents WHEN new.path = 'a.pdf' "
        "BEGIN SELECT raise(ABORT, 'reviewed rows stay'); END",
    )

    outcomes = sqlite.deliver_all({"a.pdf": "new", "b/c.pdf": "new"})

    assert [type(outcome) for outcome in outcomes] == [Fault, Receipt, Receipt]
    assert "reviewed rows stay" in str(outcomes[0])
    assert sqlite.content() == DELIVERED | {"b/c.pdf": "# new\n"}


def _text(at: Arrangement) -> None:
    at.output.parent.mkdir(parents=True)
    at.output.write_text("no database at all" * 10)


def _own_table(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "DROP TABLE documents", "CREATE TABLE documents (path TEXT PRIMARY KEY, title TEXT)")


def _newer(at: Arrangement) -> None:
    at.deliver_all()
    _run(at, "PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("arrange", "why"),
    [
        (_text, "is not an SQLite database"),
        (
            lambda at: _run(at, "CREATE TABLE customers (name TEXT)"),
            "is a database that docbatch did not make",
        ),
        (
            lambda at: _run(at, "CREATE TABLE documents (path TEXT)"),
            "is a database that docbatch did not make",
        ),
        (_own_table, 'has a table "documents" that docbatch did not make'),
        (_newer, "was written by a newer docbatch"),
    ],
    ids=["text", "database", "database with a table of that name", "table", "newer"],
)
def test_what_is_not_ours_is_refused_and_left_as_it_is(
    sqlite: Arrangement, arrange: Callable[[Arrangement], None], why: str
) -> None:
    arrange(sqlite)
    before = sqlite.output.read_bytes()

    with pytest.raises(SinkError, match=why) as caught:
        sqlite.deliver_all()
    with pytest.raises(SinkError, match=why):
        _differences(sqlite)

    assert "give the sink another path" in str(caught.value.hint)
    assert sqlite.output.read_bytes() == before
    assert [path.name for path in sqlite.output.parent.iterdir()] == [sqlite.output.name]


def test_a_database_that_someone_holds_is_an_error_that_says_so(
    sqlite: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.sinks.sqlite_rows._PATIENCE", 0)
    sqlite.deliver_all()

    with closing(sqlite3.connect(sqlite.output, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SinkError, match="database is locked") as caught:
            sqlite.deliver_all({"a.pdf": "new"})

    assert "close programs that hold it" in str(caught.value.hint)


def test_windows_of_documents_are_all_delivered(sqlite: Arrangement) -> None:
    paths = [f"{index:04}.pdf" for index in range(700)]

    outcomes = sqlite.deliver(delivery(path) for path in paths)

    assert [outcome.path.decode() for outcome in outcomes] == paths
    assert list(sqlite.open().verify([(path.encode(), digest(path)) for path in paths])) == []


def test_two_jobs_keep_to_their_tables_in_one_database(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    other = SqliteSink(sqlite.root, b"deep/job.db", table='odd "name', trash=Trash(sqlite.trash), facts=FACTS)

    list(other.deliver([delivery("a.pdf", "of the other job")]))

    assert sqlite.content() == DELIVERED
    assert list(other.verify([(b"a.pdf", digest("of the other job"))])) == []


def test_a_document_whose_name_is_not_utf8_has_a_row(sqlite: Arrangement) -> None:
    outcomes = sqlite.deliver_raw([(b"caf\xe9.pdf", delivery("x"))])

    assert outcomes == [Receipt(b"caf\xe9.pdf", None)]
    assert list(sqlite.content()) == ["caf%E9.pdf"]
    assert list(sqlite.open().verify([(b"caf\xe9.pdf", digest("x"))])) == []


def test_a_whole_database_of_ours_is_removed_to_the_trash(sqlite: Arrangement) -> None:
    sqlite.deliver_all()

    sqlite.open().remove(b"")

    assert not sqlite.output.exists()
    assert len(list(sqlite.trash.glob("*.db"))) == 1


def test_a_database_with_tables_of_the_user_s_own_is_not_removed(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(sqlite, "CREATE TABLE notes (note TEXT)")

    with pytest.raises(SinkError, match="nothing was removed") as caught:
        sqlite.open().remove(b"")

    assert "DROP TABLE" in str(caught.value.hint)
    assert sqlite.content() == DELIVERED


def test_a_database_in_a_folder_that_cannot_be_written_is_verified(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    sqlite.output.chmod(0o444)
    sqlite.output.parent.chmod(0o555)

    assert _differences(sqlite) == {}

    sqlite.output.parent.chmod(0o755)


def test_a_transaction_that_was_cut_off_is_undone_by_the_next_delivery(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    with closing(sqlite3.connect(sqlite.output, isolation_level=None)) as killed:
        killed.execute("PRAGMA cache_size = 1")
        killed.execute("BEGIN IMMEDIATE")
        killed.execute("UPDATE documents SET text = hex(zeroblob(100000))")
        shutil.copytree(sqlite.root, sqlite.folder / "as killed")
    shutil.rmtree(sqlite.root)
    (sqlite.folder / "as killed").rename(sqlite.root)

    assert _differences(sqlite) == dict.fromkeys(PATHS, "its database was left unfinished")
    sqlite.deliver_all()

    assert _differences(sqlite) == {}
    assert sqlite.trashed() == []


EATERS = {
    "a row is taken away": "CREATE TRIGGER t AFTER INSERT ON documents WHEN new.path = 'b/c.pdf'"
    " BEGIN DELETE FROM documents WHERE path = new.path; END",
    "a row is changed": "CREATE TRIGGER t AFTER INSERT ON documents WHEN new.path = 'b/c.pdf'"
    " BEGIN UPDATE documents SET text = 'mine' WHERE path = new.path; END",
    "a row is never put in": "CREATE TRIGGER t BEFORE INSERT ON documents WHEN new.path = 'b/c.pdf'"
    " BEGIN SELECT raise(IGNORE); END",
}


@pytest.mark.parametrize("trigger", EATERS.values(), ids=EATERS)
def test_a_row_that_a_trigger_does_not_leave_as_it_was_written_is_a_fault(
    sqlite: Arrangement, trigger: str
) -> None:
    sqlite.deliver([])
    sqlite.deliver([delivery("first.pdf")])
    _run(sqlite, "DELETE FROM documents", trigger)

    outcomes = sqlite.deliver_all()

    assert [type(outcome) for outcome in outcomes] == [Receipt, Fault, Receipt]
    assert "a trigger takes it away or changes it" in outcomes[1].message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "does",
    [
        "DELETE FROM documents WHERE path = 'a.pdf'",
        "UPDATE documents SET text = 'mine' WHERE path = 'a.pdf'",
        "UPDATE documents SET path = 'b.pdf' WHERE path = 'a.pdf'",
        "REPLACE INTO documents (job, path) VALUES ('job', 'a.pdf')",
        "INSERT INTO documents (job, path) SELECT 'job', 'more.pdf' WHERE new.path <> 'more.pdf'",
    ],
)
def test_a_trigger_that_touches_rows_of_other_documents_is_noticed_and_undone(
    sqlite: Arrangement, does: str
) -> None:
    sqlite.deliver_all()
    _run(sqlite, f"CREATE TRIGGER t AFTER INSERT ON Documents BEGIN {does}; END")

    with pytest.raises(SinkError, match="changes rows of other documents"):
        sqlite.deliver([delivery("new.pdf")])

    assert _differences(sqlite) == {}


def test_a_trigger_that_leaves_rows_alone_is_fine(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(
        sqlite,
        "CREATE TABLE log (path)",
        "CREATE TRIGGER t AFTER UPDATE ON documents BEGIN INSERT INTO log VALUES (new.path); END",
    )

    assert [type(outcome) for outcome in sqlite.deliver_all({"a.pdf": "other"})] == [Receipt] * 3


def _other(at: Arrangement) -> SqliteSink:
    """Return the sink of another job that has the same table."""
    return SqliteSink(at.root, b"deep/job.db", table="documents", trash=Trash(at.trash), facts=FACTS)


def _all(at: Arrangement, columns: str) -> list[tuple[object, ...]]:
    with _database(at) as database:
        return database.execute(f"SELECT {columns} FROM documents ORDER BY job, path").fetchall()


def test_two_jobs_share_a_table_and_have_their_own_rows(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    other = _other(sqlite)

    list(other.deliver([delivery("a.pdf", "of the other job")]))

    assert _differences(sqlite) == {}
    assert list(other.verify([(b"a.pdf", digest("of the other job"))])) == []
    assert _all(sqlite, "job, path, text, labels, columns")[-1] == (
        "other", "a.pdf", "of the other job", '{"team":"a"}', '{"customer":"a.pdf"}',
    )  # fmt: skip


def test_removing_what_a_job_has_in_a_shared_table_leaves_the_rows_of_others(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    list(_other(sqlite).deliver([delivery("a.pdf", "of the other job")]))

    sqlite.open().remove(b"a.pdf")
    sqlite.open().remove(b"")

    assert _all(sqlite, "job, path") == [("other", "a.pdf")]
    assert len(sqlite.trashed()) == len(PATHS)


def test_a_trigger_that_changes_a_row_of_another_job_is_noticed(sqlite: Arrangement) -> None:
    list(_other(sqlite).deliver([delivery("a.pdf")]))
    does = "UPDATE documents SET text = 'mine' WHERE job = 'other'"
    _run(sqlite, f"CREATE TRIGGER t AFTER INSERT ON documents BEGIN {does}; END")

    with pytest.raises(SinkError, match="changes rows of other documents"):
        sqlite.deliver([delivery("a.pdf")])


def test_a_failure_is_a_row_until_a_result_takes_its_place(sqlite: Arrangement) -> None:
    failure = Failure(FailureClass.VENDOR_ERROR, "no\ud800 answer", "E42")

    sqlite.deliver([failed("a.pdf", failure), failed("b/c.pdf", failure, known=False)])

    rows = _all(
        sqlite, "path, outcome, sha256, failure_class, failure_code, failure_message, markdown, result"
    )
    told = [json.loads(str(row[-1])) for row in rows]
    assert rows[0][:-1] == ("a.pdf", "failed", "0" * 64, "vendor_error", "E42", "no? answer", "")
    assert rows[1][2] is None
    assert told[0]["failure"] == {"class": "vendor_error", "code": "E42", "message": "no\ud800 answer"}
    assert [each["version"] for each in told] == ["docbatch/failure/v1"] * 2
    sqlite.deliver([delivery("a.pdf")])
    assert _all(sqlite, "path, outcome, failure_class")[0] == ("a.pdf", "succeeded", None)


EARLIER = (
    "CREATE TABLE documents (path TEXT PRIMARY KEY, sha256 TEXT, media_type TEXT, outcome TEXT, markdown TEXT, text TEXT,"
    " pages INTEGER, metadata TEXT, result TEXT, result_digest TEXT, checksum TEXT)"
)


def _written_earlier(at: Arrangement) -> None:
    """Make a table as it was when each was of one job, with a column, an index, a trigger and a view of the user's own."""
    _run(at, EARLIER, "PRAGMA application_id = 1685021538", "PRAGMA user_version = 1")
    rows = [
        (path, "0" * 64, "application/pdf", "succeeded", f"# {path}", path, None, "{}", "{}", digest(path))
        for path in PATHS
    ]
    with _database(at) as database:
        for row in rows:
            database.execute(f"INSERT INTO documents VALUES ({', '.join('?' * 11)})", [*row, checksum(row)])
        database.execute("UPDATE documents SET text = 'edited' WHERE path = 'b/c.pdf'")
        for statement in (
            "ALTER TABLE documents ADD COLUMN note TEXT",
            "UPDATE documents SET note = 'mine'",
            "CREATE INDEX by_note ON documents (note)",
            "CREATE TABLE log (path)",
            "CREATE TRIGGER seen AFTER UPDATE ON documents BEGIN INSERT INTO log VALUES (new.path); END",
            "CREATE VIEW texts AS SELECT path, text FROM documents",
        ):
            database.execute(statement)


def test_a_table_of_one_job_becomes_one_of_several(sqlite: Arrangement) -> None:
    _written_earlier(sqlite)
    assert _differences(sqlite) == {"b/c.pdf": "its row was changed"}

    outcomes = sqlite.deliver([delivery(path) for path in PATHS[:2]])
    list(_other(sqlite).deliver([delivery("a.pdf", "of the other job")]))

    assert [type(outcome) for outcome in outcomes] == [Receipt] * 2
    assert _all(sqlite, "job, path, text, note") == [
        ("", "b/d.pdf", "b/d.pdf", "mine"),
        ("job", "a.pdf", "a.pdf", "mine"),
        ("job", "b/c.pdf", "b/c.pdf", "mine"),
        ("other", "a.pdf", "of the other job", None),
    ]
    with _database(sqlite) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchone() == (4,)
        assert database.execute(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('by_note', 'seen')"
        ).fetchone() == (2,)
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert ["edited" in text for text in sqlite.trashed()] == [True]


def test_rows_of_the_job_that_wrote_a_table_stay_its_own(sqlite: Arrangement) -> None:
    _written_earlier(sqlite)

    sqlite.deliver([delivery("a.pdf", expected="as we left it")])

    assert _all(sqlite, "job, path, note")[-1] == ("job", "b/d.pdf", "mine")
    assert _differences(sqlite) == {"b/c.pdf": "its row was changed"}


def test_a_table_of_one_job_is_removed_as_a_whole(sqlite: Arrangement) -> None:
    _written_earlier(sqlite)
    _run(sqlite, "DROP TABLE log", "DROP VIEW texts", "DROP TRIGGER seen")

    sqlite.open().remove(b"")

    assert not sqlite.output.exists()


def test_a_table_of_one_job_that_cannot_be_brought_along_stays_as_it_is(sqlite: Arrangement) -> None:
    _written_earlier(sqlite)
    _run(sqlite, 'CREATE TABLE "documents of one job" (mine)')

    with pytest.raises(SinkError, match="cannot be used"):
        sqlite.deliver_all()

    assert [row[0] for row in _all_earlier(sqlite)] == list(PATHS)


def _all_earlier(at: Arrangement) -> list[tuple[object, ...]]:
    with _database(at) as database:
        return database.execute("SELECT path FROM documents ORDER BY path").fetchall()


@pytest.mark.parametrize("key", ["path", "path, job", "job"])
def test_a_table_with_another_key_is_refused(sqlite: Arrangement, key: str) -> None:
    sqlite.deliver_all()
    _run(
        sqlite,
        "CREATE TABLE copy AS SELECT * FROM documents",
        "DROP TABLE documents",
        f"CREATE TABLE documents ({', '.join((*NAMES, 'checksum'))}, PRIMARY KEY ({key}))",
    )

    with pytest.raises(SinkError, match="whose key is another than job and path; nothing was changed"):
        sqlite.deliver_all()


def test_a_table_that_lacks_a_column_is_refused(sqlite: Arrangement) -> None:
    sqlite.deliver_all()
    _run(sqlite, "ALTER TABLE documents DROP COLUMN failure_code")

    with pytest.raises(SinkError, match='has a table "documents" that docbatch did not make'):
        sqlite.deliver_all()
