"""Rows in PostgreSQL: what stands in the table already, what is of others, and what the server does not take."""

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from docbatch.core.errors import SinkError, SinkRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import DocumentInfo, Page, Result
from docbatch.sinks.base import Delivery, Fault, Receipt
from docbatch.sinks.postgres import server as asked
from docbatch.sinks.postgres.options import PostgresSinkSpec
from docbatch.sinks.postgres.result_table import ResultTable
from docbatch.sinks.postgres.server_address import parameters, passwords
from docbatch.sinks.rows import copy_lines
from docbatch.sinks.rows.row_maker import NO_PAGES

from .arrangement import DELIVERED, PATHS, Arrangement, FakeAnswer, delivery, digest, failed
from .postgres_server import OWNER, PASSWORD, PostgresSchema, server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "WAITS", (0.0,))


@pytest.fixture
def schema(postgres: Arrangement) -> PostgresSchema:
    assert postgres.schema is not None
    return postgres.schema


class Paged(FakeAnswer):
    """An answer with a page for each word of its body."""

    def result(self, document: DocumentInfo) -> Result:
        words = enumerate(self.body.split(), 1)
        pages = tuple(Page(number=number, text=word, markdown=word) for number, word in words)
        return super().result(document).model_copy(update={"pages": pages})


def paged(path: str, body: str) -> Delivery:
    return replace(delivery(path, body), output=path.encode(), load=lambda: Paged(body))


def _deliver(
    at: Arrangement, *deliveries: Delivery, job: str = "job", **options: object
) -> list[Receipt | Fault]:
    return list(at.open(job=job, **options).deliver(deliveries))


def _faults(outcomes: list[Receipt | Fault]) -> dict[str, str]:
    return {each.path.decode(): each.message for each in outcomes if isinstance(each, Fault)}


def _pages(schema: PostgresSchema) -> dict[str, list[str]]:
    found = schema.execute(
        "SELECT path, array_agg(text ORDER BY row) FROM documents GROUP BY path ORDER BY path"
    )
    return dict(found)


def test_rows_that_a_document_no_longer_has_go_and_columns_of_the_user_stay(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    outcomes = _deliver(postgres, paged("a.pdf", "one two three"), paged("b.pdf", ""), rows="page")
    assert [isinstance(each, Receipt) and each.remark for each in outcomes] == [None, NO_PAGES]
    schema.execute("ALTER TABLE documents ADD COLUMN embedding float[]")
    schema.execute("CREATE INDEX mine ON documents (text)")
    schema.execute("CREATE VIEW shown AS SELECT text FROM documents")
    schema.execute("UPDATE documents SET embedding = '{1}'")

    _deliver(postgres, paged("a.pdf", "uno two"), rows="page")

    assert _pages(schema) == {"a.pdf": ["uno", "two"]}
    assert schema.execute("SELECT count(*) FROM documents WHERE embedding = '{1}'") == [(2,)]
    assert schema.execute("SELECT count(*) FROM shown") == [(2,)]
    assert postgres.trashed() == []


def test_a_document_without_rows_is_delivered_and_known_to_be(postgres: Arrangement) -> None:
    (receipt,) = _deliver(postgres, paged("b.pdf", ""), rows="page")

    assert isinstance(receipt, Receipt)
    sink = postgres.open(rows="page")
    assert list(sink.check([(b"b.pdf", receipt.stamp), (b"c.pdf", "0 ")])) == [(b"c.pdf", "missing")]
    assert list(sink.verify([(b"b.pdf", digest("")), (b"c.pdf", "x")])) == [
        (b"c.pdf", "its rows are missing")
    ]


def test_a_column_declared_later_is_added_and_one_no_longer_declared_is_emptied(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    first = {"text": "{{ row.text }}", "size": {"value": "{{ doc.size }}", "type": "integer"}}
    _deliver(postgres, delivery("a.pdf"), delivery("b.pdf"), columns=first)
    schema.execute("ALTER TABLE documents ADD COLUMN note text DEFAULT 'mine'")

    later = {"text": "{{ row.text }}", "kind": "{{ row.media_type }}"}
    _deliver(postgres, delivery("a.pdf"), columns=later)

    found = schema.execute("SELECT path, text, size, kind, note FROM documents ORDER BY path")
    assert found == [
        ("a.pdf", "a.pdf", None, "application/pdf", "mine"),
        ("b.pdf", "b.pdf", 1, None, "mine"),
    ]
    assert postgres.trashed() == []


def test_jobs_share_a_table_and_one_takes_over_the_rows_of_its_former_name(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    _deliver(postgres, delivery("a.pdf"), delivery("b.pdf"), job="old")
    _deliver(postgres, delivery("a.pdf", "of the other"), job="other")
    (kept,) = _deliver(postgres, delivery("a.pdf", "new"), job="new")
    schema.execute("ALTER TABLE documents ADD COLUMN note text")
    schema.execute("UPDATE documents SET note = 'mine'")

    sink = postgres.open(job="new")
    sink.take_over(["old", "never"])
    sink.take_over(["old"])

    assert schema.execute("SELECT job, path, text, note FROM documents ORDER BY 1, 2") == [
        ("new", "a.pdf", "new", "mine"),
        ("new", "b.pdf", "b.pdf", "mine"),
        ("other", "a.pdf", "of the other", "mine"),
    ]
    assert isinstance(kept, Receipt)
    assert list(sink.check([(b"a.pdf", kept.stamp)])) == []
    assert list(sink.verify([(b"b.pdf", digest("b.pdf")), (b"a.pdf", digest("new"))])) == []
    (trashed,) = postgres.trashed()
    assert '"text": "a.pdf"' in trashed
    sink.remove(b"b.pdf")
    assert schema.execute("SELECT job, path FROM docbatch_delivered ORDER BY 1, 2") == [
        ("new", "a.pdf"),
        ("other", "a.pdf"),
    ]


def test_failures_have_rows_and_results_take_their_place(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    failure = Failure(FailureClass.REFUSED_INPUT, "it is broken", "E1")
    _deliver(postgres, failed("a.pdf", failure), failed("b.pdf", failure, known=False), failures=True)

    query = "SELECT path, outcome, failure_code, sha256 FROM documents ORDER BY path"
    assert schema.execute(query) == [("a.pdf", "failed", "E1", "0" * 64), ("b.pdf", "failed", "E1", None)]
    _deliver(postgres, delivery("a.pdf"), failures=True)
    assert schema.execute(query)[0] == ("a.pdf", "succeeded", None, "0" * 64)
    assert postgres.trashed() == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("CREATE TABLE documents (mine text)", 'no column "job"'),
        ("CREATE TABLE documents (job text, path text, markdown integer, PRIMARY KEY (job, path))", "of the type integer"),
        ("CREATE TABLE documents (job text, path text)", "another key than job, path"),
        ("CREATE TABLE documents (job text, path text, x int NOT NULL, PRIMARY KEY (job, path))", "may not be null"),
        ("CREATE VIEW documents AS SELECT 'a' AS job, 'b' AS path", "no table that rows can be written to"),
        ("CREATE TABLE docbatch_delivered (mine text)", "not docbatch's record"),
    ],
)  # fmt: skip
def test_a_table_that_is_another_s_is_refused_and_nothing_in_it_changed(
    table: str, told: str, postgres: Arrangement, schema: PostgresSchema
) -> None:
    schema.execute(table)
    if "docbatch_delivered" in table:
        schema.execute("CREATE TABLE documents (job text, path text, PRIMARY KEY (job, path))")
    before = schema.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s",
        [schema.name],
    )

    with pytest.raises(SinkError, match=told) as caught:
        postgres.deliver_all()

    assert "give the sink another table or schema" in str(caught.value.hint)
    after = schema.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s",
        [schema.name],
    )
    assert sorted(after) == sorted(before)


def test_a_job_of_another_project_keeps_its_rows_and_one_without_an_id_is_taken_over(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    def deliver(project: str, *paths: str, job: str = "job") -> int:
        return len(
            list(postgres.open(job, project=project).deliver([delivery(path, project) for path in paths]))
        )

    def all_of_it() -> list[tuple[object, ...]]:
        query = "SELECT job, path, project, markdown FROM docbatch_delivered JOIN documents USING (job, path) ORDER BY 1, 2"
        return schema.execute(query)

    deliver("", "a.pdf")
    deliver("one", "a.pdf", "b/c.pdf")
    ours = all_of_it()
    assert [row[2] for row in ours] == ["one", "one"]
    for other in ("", "two"):
        with pytest.raises(
            SinkError,
            match="has rows of a job 'job' of another project, or of another environment; nothing was changed",
        ):
            deliver(other, "d.pdf")
    postgres.open("later", project="two").take_over(["job"])
    assert all_of_it() == ours

    assert deliver("two", "a.pdf", job="other") == 1
    assert postgres.trashed() == []


def test_of_two_projects_at_once_the_second_replaces_nothing(
    postgres: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.deliver_all({"z.pdf": "of none"})
    list(postgres.open(project="one").deliver([delivery("a.pdf", "first")]))
    monkeypatch.setattr(ResultTable, "is_of_another_project", lambda *_: False)

    with pytest.raises(SinkError, match="of another project"):
        list(postgres.open(project="two").deliver([delivery("a.pdf", "second")]))

    assert postgres.content()["a.pdf"] == "# first\n"


def test_a_row_of_the_user_s_own_is_left_alone_and_one_in_the_place_of_ours_is_kept(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    schema.execute("CREATE TABLE documents (path text, job text, note text, UNIQUE (path, job))")
    schema.execute(
        "INSERT INTO documents VALUES ('a.pdf', 'job', 'was here'), ('z.pdf', 'job', 'mine'), (NULL, NULL, 'no place')"
    )

    postgres.deliver_all()

    assert postgres.content().items() >= DELIVERED.items()
    assert schema.execute("SELECT path, note FROM documents WHERE note IS NOT NULL ORDER BY note") == [
        ("z.pdf", "mine"), (None, "no place"), ("a.pdf", "was here"),
    ]  # fmt: skip
    (kept,) = postgres.trashed()
    assert '"note": "was here"' in kept


TRIGGER = """
CREATE FUNCTION {schema}.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
CREATE TRIGGER touch {when} ON documents FOR EACH ROW EXECUTE FUNCTION {schema}.touch()
"""


def _trigger(schema: PostgresSchema, when: str, body: str) -> None:
    schema.execute(TRIGGER.format(schema=schema.name, when=when, body=body))


@pytest.mark.parametrize(
    "body",
    [
        "IF NEW.path = 'a.pdf' THEN RETURN NULL; END IF; RETURN NEW;",
        "IF NEW.path = 'a.pdf' THEN NEW.text = 'other'; END IF; RETURN NEW;",
    ],
)
def test_a_trigger_that_takes_a_row_away_or_changes_it_is_noticed_and_the_others_are_written(
    body: str, postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    _trigger(schema, "BEFORE INSERT OR UPDATE", body)

    outcomes = postgres.deliver_all({"a.pdf": "new", "b/c.pdf": "new"})

    assert list(_faults(outcomes)) == ["a.pdf"]
    assert "a trigger takes them away or changes them" in _faults(outcomes)["a.pdf"]
    assert postgres.content() == DELIVERED | {"b/c.pdf": "# new\n"}


@pytest.mark.parametrize(
    "body",
    [
        "UPDATE documents SET text = 'other' WHERE path = 'b/c.pdf'; RETURN NULL;",
        "DELETE FROM documents WHERE path = 'b/c.pdf'; RETURN NULL;",
        "INSERT INTO documents (job, path) VALUES ('job', 'new'); RETURN NULL;",
    ],
)
def test_a_trigger_that_touches_rows_of_others_undoes_everything(
    body: str, postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    body = body.replace("documents", f"{schema.name}.documents")
    _trigger(schema, "AFTER INSERT OR UPDATE", f"IF NEW.path = 'a.pdf' THEN {body} END IF; RETURN NULL;")

    with pytest.raises(SinkError, match="changes rows of other documents"):
        postgres.deliver([delivery("a.pdf", "new")])

    assert postgres.content() == DELIVERED


def test_a_trigger_that_only_looks_or_keeps_a_column_of_its_own_is_no_trouble(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    schema.execute("ALTER TABLE documents ADD COLUMN seen timestamptz")
    _trigger(schema, "BEFORE INSERT OR UPDATE", "NEW.seen = now(); RETURN NEW;")

    postgres.deliver_all({"a.pdf": "new"})

    assert postgres.content() == DELIVERED | {"a.pdf": "# new\n"}
    assert postgres.noticed() == set()


def test_a_document_whose_values_the_server_refuses_is_a_fault_and_the_others_are_delivered(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    schema.execute(
        "CREATE TABLE documents (job text, path text CHECK (path <> 'b/c.pdf'), PRIMARY KEY (job, path))"
    )
    schema.execute("ALTER TABLE documents ADD COLUMN unique_text text")

    outcomes = postgres.deliver([delivery(path) for path in (*PATHS, "p" * 3000)])

    assert set(_faults(outcomes)) == {"b/c.pdf"}
    outcomes = postgres.deliver([delivery("".join(map(chr, range(33, 6000)))), delivery("a.pdf")])
    assert [type(each) for each in outcomes] == [Fault, Receipt]


@pytest.mark.parametrize(
    ("column", "fault", "hint"),
    [
        ("xmin", "conflicts with a system column", "give the column another name in the job and run"),
        (
            "late",
            "at most 1600 columns",
            "another table, which lacks the columns that are declared no longer",
        ),
    ],
)
def test_a_table_that_cannot_have_a_column_is_a_fault_of_the_sink_and_of_no_document(
    postgres: Arrangement, schema: PostgresSchema, column: str, fault: str, hint: str
) -> None:
    former = ", ".join(f"c{number} text" for number in range(1598))
    schema.execute(f"CREATE TABLE full_of_columns (job text, path text, {former}, UNIQUE (job, path))")
    table = "full_of_columns" if column == "late" else "documents"

    with pytest.raises(SinkError, match=fault) as caught:
        _deliver(
            postgres, delivery("a.pdf"), delivery("b/c.pdf"), table=table, columns={column: "{{ row.text }}"}
        )

    assert hint in str(caught.value.hint)


def test_what_the_server_cannot_hold_in_text_is_replaced(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    (receipt,) = _deliver(postgres, delivery("a.pdf", "nul \x00 and half \ud83d and \\u0000"))

    ((text, result),) = schema.execute("SELECT text, result ->> 'text' FROM documents")
    assert text == "nul \ufffd and half ? and \\u0000"
    assert result == text
    assert isinstance(receipt, Receipt)
    assert list(postgres.open().check([(b"a.pdf", receipt.stamp)])) == []


ODD = (
    "",
    "\\N",
    "\\.",
    "\\",
    "\\\\n",
    "a\tb\r\nc",
    "\x0b\x1f\x7f\x85\u2028",
    '{"',
    "日本 😀",
    ",",
    "\n",
    "N;\t",
)


def test_texts_of_any_kind_come_back_as_they_were(postgres: Arrangement, schema: PostgresSchema) -> None:
    paths = [f'{number} "of\\many{{,' for number in range(len(ODD))]
    outcomes = _deliver(postgres, *map(delivery, paths, ODD))

    found = schema.execute("SELECT path, text, result ->> 'text' FROM documents")
    assert {path: text for path, text, _ in found} == dict(zip(paths, ODD, strict=True))
    assert {path: text for path, _, text in found} == dict(zip(paths, ODD, strict=True))
    expected = [(path.encode(), digest(text)) for path, text in zip(paths, ODD, strict=True)]
    assert list(postgres.open().verify(expected)) == []
    assert all(isinstance(each, Receipt) for each in outcomes)


def test_rows_that_are_too_large_are_a_fault_that_says_what_to_do(
    postgres: Arrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_lines, "MOST_CHARACTERS", 3000)

    outcomes = postgres.deliver([delivery("a.pdf", "x" * 4000), delivery("b/c.pdf")])

    assert list(_faults(outcomes)) == ["a.pdf"]
    assert "name columns that leave out what is large" in _faults(outcomes)["a.pdf"]


def test_every_type_of_column_comes_back_as_it_was(postgres: Arrangement, schema: PostgresSchema) -> None:
    columns = {
        "SELECT": "{{ row.text }}",
        "big": {"value": "9223372036854775807", "type": "integer"},
        "tenth": {"value": "0.1", "type": "number"},
        "yes": {"value": "true", "type": "boolean"},
        "day": {"value": "2026-01-31", "type": "date"},
        "at": {"value": "2026-01-31T12:00:00.000001+02:00", "type": "timestamp"},
        "usage": {"value": "{{ row.usage }}", "type": "json"},
        "none": {"value": "{{ row.metadata.missing }}", "type": "json"},
    }
    (receipt,) = _deliver(postgres, delivery("a.pdf", ""), columns=columns)

    ((*values,),) = schema.execute(
        'SELECT "SELECT", big, tenth, yes, day::text, "at" AT TIME ZONE \'UTC\', usage, none FROM documents'
    )
    assert [str(each) for each in values] == [
        "", "9223372036854775807", "0.1", "True", "2026-01-31", "2026-01-31 10:00:00.000001",
        "{'pages': None, 'credits': None}", "None",
    ]  # fmt: skip
    assert isinstance(receipt, Receipt)
    schema.execute("ALTER ROLE owner SET DateStyle = 'German'")
    schema.execute("ALTER ROLE owner SET TimeZone = 'Asia/Tokyo'")
    try:
        assert list(postgres.open(columns=columns).check([(b"a.pdf", receipt.stamp)])) == []
    finally:
        schema.execute("ALTER ROLE owner RESET ALL")


def test_rows_of_a_table_with_a_column_called_as_our_query_calls_rows_are_kept_whole(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    schema.execute("ALTER TABLE documents ADD COLUMN shown text DEFAULT 'mine'")
    schema.execute("UPDATE documents SET markdown = 'edited' WHERE path = 'a.pdf'")

    postgres.deliver_all()

    (kept,) = postgres.trashed()
    assert '"markdown": "edited"' in kept


def test_names_with_quotes_and_capitals_are_names(postgres: Arrangement, schema: PostgresSchema) -> None:
    name = """My "table"; DROP TABLE x; --'%s"""
    (receipt,) = _deliver(postgres, delivery("it's.pdf"), table=name)

    assert isinstance(receipt, Receipt)
    assert schema.tables() == [name, "docbatch_delivered"]
    assert list(postgres.open(table=name).check([(b"it's.pdf", receipt.stamp)])) == []


def test_a_reader_sees_each_document_once_and_whole(postgres: Arrangement, schema: PostgresSchema) -> None:
    words = {letter: " ".join([letter] * 5) for letter in "abc"}
    _deliver(postgres, *(paged(path, words["a"]) for path in PATHS), rows="page")
    seen: list[list[str]] = []
    over = threading.Event()

    def poll() -> None:
        with psycopg.connect(schema.owner, autocommit=True) as client:
            while not over.is_set():
                query = f"SELECT path, string_agg(text, ' ' ORDER BY row) FROM {schema.name}.documents GROUP BY path"
                seen.extend([path, text] for path, text in client.execute(query.encode()).fetchall())

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number in range(12):
            _deliver(postgres, *(paged(path, words["abc"[number % 3]]) for path in PATHS), rows="page")
    finally:
        over.set()
        reader.join()

    assert {text for _, text in seen} <= set(words.values())


@contextmanager
def _as(schema: PostgresSchema, dsn: str) -> Iterator[None]:
    before, schema.dsn = schema.dsn, dsn
    yield
    schema.dsn = before


def test_what_a_role_may_not_do_and_what_is_not_there_is_told(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    cases = [
        (schema.role(), "permission denied", SinkRefused),
        (schema.role(f"USAGE ON SCHEMA {schema.name}"), "permission denied", SinkRefused),
        (make_conninfo(schema.owner, options="-cdefault_transaction_read_only=on"), "read-only", SinkRefused),
        (make_conninfo(schema.owner, password="wr0ng"), "authentication failed", SinkRefused),
        (make_conninfo(schema.owner, dbname="nowhere"), "does not exist", SinkError),
        (make_conninfo(schema.owner, port="1"), "refused", SinkError),
        ("postgresql://u:hunter2@[half", "none that PostgreSQL understands", SinkRefused),
        ("host=db.example.com password=hunter2", "plain text", SinkRefused),
    ]
    for dsn, told, kind in cases:
        with _as(schema, dsn), pytest.raises(kind, match=told) as caught:
            postgres.deliver_all()
        said = f"{caught.value} {caught.value.hint}"
        assert "results are safe in the spool" in said
        assert not any(secret in said for secret in (PASSWORD, "hunter2", "wr0ng"))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    with pytest.raises(SinkError, match="schema"):
        _deliver(postgres, delivery("a.pdf"), schema="nowhere")
    assert postgres.content() == {}


def test_a_role_that_may_only_read_and_write_what_is_there_can_deliver(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    with _as(schema, schema.role(
        f"USAGE ON SCHEMA {schema.name}", f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema.name}"
    )):  # fmt: skip
        postgres.deliver_all({"a.pdf": "new"})

    assert postgres.content()["a.pdf"] == "# new\n"


def test_a_table_that_somebody_holds_is_given_up_after_a_while(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    with psycopg.connect(schema.owner) as other:
        other.execute(f"LOCK TABLE {schema.name}.documents".encode())
        with (
            _as(schema, make_conninfo(schema.owner, options="-clock_timeout=50ms")),
            pytest.raises(SinkError, match="lock timeout") as caught,
        ):
            postgres.deliver_all({"a.pdf": "new"})
        with (
            _as(schema, make_conninfo(schema.owner, options="-cstatement_timeout=50ms")),
            pytest.raises(SinkError, match="statement timeout"),
        ):
            postgres.deliver_all({"a.pdf": "new"})

    assert "close the session that holds the table" in str(caught.value.hint)
    assert postgres.content() == DELIVERED


def test_a_table_that_is_dropped_while_the_sink_is_open_is_made_again(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    sink = postgres.open()
    list(sink.deliver([delivery("a.pdf")]))
    schema.execute("DROP TABLE documents")

    assert list(sink.check([(b"a.pdf", "1 x")])) == [(b"a.pdf", "missing")]
    list(sink.deliver([delivery(path) for path in PATHS]))
    assert postgres.content() == DELIVERED


def test_a_column_of_ours_that_is_dropped_is_noticed_and_added_again(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    postgres.deliver_all()
    schema.execute("ALTER TABLE documents DROP COLUMN markdown")

    assert postgres.noticed() == set(PATHS)
    postgres.deliver_all()
    assert postgres.content() == DELIVERED


def test_where_a_server_is_decides_whether_it_is_spoken_to_in_plain_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    here = ("", "host=localhost", "host=/run/postgresql", "host=::1,127.0.0.2", "postgresql://u@127.0.0.1/x")
    private = (
        "host=db.example.com sslmode=verify-full",
        "postgresql://u@db.example.com/x?sslmode=require",
        "service=x sslmode=require",
    )
    plain = (
        "host=db.example.com",
        "host=localhost,db.example.com",
        "host=db.example.com sslmode=prefer",
        "hostaddr=10.0.0.1 host=localhost",
        "service=x",
    )
    for dsn in (*here, *private):
        assert parameters(dsn, "it")["application_name"] == "docbatch"
    for dsn in plain:
        with pytest.raises(SinkRefused, match="plain text"):
            parameters(dsn, "it")
    monkeypatch.setenv("PGHOST", "db.example.com")
    with pytest.raises(SinkRefused, match="plain text"):
        parameters("", "it")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert parameters("", "it")["connect_timeout"] == "10"
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.1")
    with pytest.raises(SinkRefused, match="plain text"):
        parameters("host=localhost sslmode=prefer", "it")


@pytest.mark.parametrize(
    "password", ["se@cret", "se@a:cret", "a?se@cret", "se/cret", "12/cret", "se:1/cret", "%secret"]
)
def test_a_password_that_ends_too_early_is_taken_for_no_host_and_not_told(password: str) -> None:
    with pytest.raises(SinkRefused, match="its DSN is none") as caught:
        parameters(f"postgresql://u:{password}@127.0.0.1:5432/x?sslmode=require", "it")
    assert "cret" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("password", ["se%40cret", "se?cret", "se:cret", "se#cret", "s%2Fé"])
def test_a_password_may_have_any_sign_that_an_address_lets_stand(password: str) -> None:
    for path in ("127.0.0.1:5432/x", "127.0.0.1:5432,[::1]:5433/x?sslmode=require", "/x?host=/run&user=a@b"):
        assert parameters(f"postgresql://u:{password}@{path}", "it")["password"] == unquote(password)


@pytest.mark.parametrize("variable", ["PGPASSWORD", "PGPASSFILE"])
def test_a_password_from_elsewhere_is_not_told_either_whatever_a_server_says(
    postgres: Arrangement,
    schema: PostgresSchema,
    variable: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = tmp_path / "passwords"
    kept.write_text(f"*:*:*:*:{PASSWORD}\n")
    kept.chmod(0o600)
    monkeypatch.setenv(variable, PASSWORD if variable == "PGPASSWORD" else str(kept))
    # Where there is no connection yet, what a file of passwords holds is not known.
    assert passwords({}) == ((PASSWORD,) if variable == "PGPASSWORD" else ())
    postgres.deliver_all()
    _trigger(schema, "BEFORE UPDATE", f"RAISE EXCEPTION 'you are {PASSWORD}';")
    schema.dsn = make_conninfo("", host="127.0.0.1", port=server().port, user=OWNER, dbname="postgres")

    with pytest.raises(SinkError, match="you are …"):
        postgres.deliver_all({"a.pdf": "again"})


def test_what_answers_as_no_database_does_is_no_refusal_of_a_password(postgres: Arrangement) -> None:
    def answer(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(1 << 16)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=[listener], daemon=True).start()
        assert postgres.schema is not None
        port = str(listener.getsockname()[1])
        postgres.schema.dsn = make_conninfo(
            server().dsn(), port=port, sslmode="disable", gssencmode="disable"
        )
        with pytest.raises(SinkError, match="cannot be used") as caught:
            postgres.deliver_all()
        listener.shutdown(socket.SHUT_RDWR)
    assert not isinstance(caught.value, SinkRefused)


def test_the_identity_tells_tables_apart_and_says_nothing_of_where_the_address_is_found() -> None:
    def identity(**options: object) -> str:
        dsn = options.pop("dsn", {"env": "PG_DSN"})
        return PostgresSinkSpec.model_validate({"type": "postgres", "dsn": dsn, **options}).identity_in({})

    every = [
        identity(), identity(table="b"), identity(schema="b"), identity(dsn={"env": "OTHER"}),
        identity(dsn={"command": ["vault", "secret/path"]}), identity(columns={"a": "{{ row.text }}"}),
    ]  # fmt: skip
    assert len(set(every)) == len(every)
    assert identity() == identity(failures=True)
    assert not any(word in text for text in every for word in ("PG_DSN", "vault", "secret/path"))


def test_no_connection_outlives_the_sink(
    postgres: Arrangement, schema: PostgresSchema, tmp_path: Path
) -> None:
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'docbatch'"
    # Those of other tests in this process, which their own failures or threads may hold.
    gc.collect()
    others = schema.execute(count)[0][0]
    sink = postgres.open()
    list(sink.deliver([delivery("a.pdf")]))
    assert schema.execute(count)[0][0] > others

    del sink
    gc.collect()

    assert server().settles(lambda: schema.execute(count)[0][0] <= others)
