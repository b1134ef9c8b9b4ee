"""A sink of each kind in a folder of its own, and documents to deliver to it."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow.parquet as pq

from docbatch import sinks
from docbatch.core.models import Failure
from docbatch.core.results import Answer, DocumentInfo, Picture, ProviderInfo, Result
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.kind import Opening, SinkKind
from docbatch.sinks.parquet.part_names import part_name, part_of

from . import outside_csv, outside_rows
from .postgres_server import PostgresSchema

OUTSIDE = {"csv": outside_csv.KIND, "rows": outside_rows.KIND}
KINDS = (*sinks.KINDS.names(), "sqlite rows", *OUTSIDE)
"""Kinds of sinks, with what is declared of their rows where that makes another sink of them."""
MARKDOWN = {"markdown": "{{ row.markdown }}", "of": {"value": "{{ doc.size }}", "type": "integer"}}
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "files": {"path": "x"},
    "files pictures": {"path": "x"},
    "duckdb": {"path": "x", "columns": MARKDOWN},
    "sqlite rows": {"path": "x", "columns": MARKDOWN},
    "jsonl": {"path": "x"},
    "parquet": {"path": "x"},
    "postgres": {"dsn": {"env": "PG_DSN"}},
    "sqlite": {"path": "x"},
    "csv": {"path": "x"},
    "rows": {"database": "deep/rows.db"},
}
PLACES = {
    "files": "a.pdf.md",
    "files pictures": "a.pdf.md",
    "jsonl": "deep/job.jsonl",
    "parquet": "deep/job",
    "sqlite": "deep/job.db",
    "sqlite rows": "deep/job.db",
    "duckdb": "deep/job.duckdb",
    "csv": "deep/job.csv",
    "rows": "deep/rows.db",
}
_EDIT = "UPDATE documents SET markdown = 'edited by hand' WHERE path = 'a.pdf'"
PNG = b"\x89PNG\r\n\x1a\n"
PATHS = ("a.pdf", "b/c.pdf", "b/d.pdf")
FIRST_PART = part_name(part_of(b"a.pdf", 8), 8)
"""Where the rows of the first document lie in a data set of few documents."""


@dataclass(frozen=True)
class FakeAnswer:
    body: str
    is_partial: bool = False
    credits: float | None = None
    pictures: tuple[Picture, ...] = ()

    def markdown(self) -> str:
        return f"# {self.body}"

    def text(self) -> str:
        return self.body

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="succeeded",
            document=document,
            provider=ProviderInfo(type="fake", operation="parse"),
            markdown=self.markdown(),
            text=self.text(),
            raw={"body": self.body},
        )


def delivery(path: str, body: str | None = None, expected: str | None = None) -> Delivery:
    answer = FakeAnswer(path if body is None else body)
    return Delivery(
        path=path.encode(),
        output=path.encode() + b".md",
        result_digest=digest(answer.body),
        document=DocumentInfo(path=path, sha256="0" * 64, size=1, media_type="application/pdf"),
        load=lambda: answer,
        expected=expected,
    )


def pictured(each: Delivery, *bodies: str) -> Delivery:
    """Return a document with a picture of each of these texts, the last of them twice."""
    answer = each.load()
    assert isinstance(answer, FakeAnswer)
    shown = tuple(
        Picture(1, place, "image/png", PNG + body.encode())
        for place, body in enumerate((*bodies, *bodies[-1:]))
    )
    return replace(each, load=lambda: replace(answer, pictures=shown))


def failing(path: str, error: Exception) -> Delivery:
    def load() -> Answer:
        raise error

    whole = delivery(path)
    return Delivery(whole.path, whole.output, whole.result_digest, whole.document, load)


def failed(path: str, failure: Failure, *, known: bool = True) -> Delivery:
    """Return a document that failed; of one that is not `known` there is nothing but its path."""
    whole = delivery(path)
    document = whole.document if known else DocumentInfo(path=path, sha256="", size=0, media_type="")
    return replace(failing(path, ValueError("it failed")), document=document, failure=failure)


def digest(body: str) -> str:
    return sha256(body.encode(errors="replace")).hexdigest()


@dataclass
class Arrangement:
    """`stamps` and `stamp` are what a state would have recorded: of each document and of the file of a whole job. Rows of a server
    lie in a `schema`.
    """

    kind: str
    folder: Path
    stamps: dict[str, str | None] = field(default_factory=dict)
    stamp: str | None = None
    schema: PostgresSchema | None = None

    @property
    def root(self) -> Path:
        return self.folder / "out"

    @property
    def trash(self) -> Path:
        return self.folder / "trash"

    @property
    def output(self) -> Path:
        """The file of a whole job, or that of the first document."""
        return self.root / PLACES[self.kind] / (FIRST_PART if self.kind == "parquet" else "")

    @property
    def declared(self) -> SinkKind:
        return OUTSIDE[self.kind] if self.kind in OUTSIDE else sinks.KINDS.kind(self.type)

    @property
    def type(self) -> str:
        return self.kind.partition(" ")[0]

    def open(self, job: str = "job", **options: object) -> Sink:
        kind = self.declared
        project = str(options.pop("project", ""))
        if self.schema is not None:
            options = {"schema": self.schema.name, **options}
        single = kind.has_files and not kind.per_document
        return kind.open(
            Opening(
                job=job,
                options=kind.options.model_validate({"type": self.type, **OPTIONS[self.kind], **options}),
                root=self.root,
                output=PLACES[self.kind].encode() if single else b"",
                trash=self.trash,
                context={"job": {"name": job}, "vars": {}},
                secret=lambda _reference: "" if self.schema is None else self.schema.dsn,
                project=project,
            )
        )

    def place(self, path: str) -> bytes:
        """Return a document's output, as the engine names it."""
        if not self.declared.per_document:
            return b""
        return path.encode() + (b".md" if self.declared.has_files else b"")

    def deliver(self, deliveries: Iterable[Delivery]) -> list[Receipt | Fault]:
        if not self.declared.has_files:
            deliveries = (replace(each, output=each.path) for each in deliveries)
        outcomes = list(self.open().deliver(deliveries))
        for outcome in outcomes:
            if isinstance(outcome, Receipt):
                self.stamps[outcome.path.decode()] = outcome.stamp
        self.stamp = self.open().stamp(b"")
        return outcomes

    def deliver_all(self, bodies: Mapping[str, str] = MappingProxyType({})) -> list[Receipt | Fault]:
        every = (delivery(path, bodies.get(path), self.stamps.get(path)) for path in PATHS)
        if self.kind == "files pictures":
            every = (pictured(each, "of all", f"of {each.load().text()}") for each in every)
        return self.deliver(every)

    def deliver_raw(self, deliveries: Iterable[tuple[bytes, Delivery]]) -> list[Receipt | Fault]:
        """Deliver documents whose paths are not text."""
        outcomes = list(self.open().deliver(replace(each, path=path) for path, each in deliveries))
        self.stamp = self.open().stamp(b"")
        return outcomes

    def noticed(self) -> set[str]:
        """Return the documents whose outputs no longer are what was delivered, as a plan would find them."""
        sink = self.open()
        if self.declared.per_document:
            paths = {self.place(path): path for path in PATHS}
            return {
                paths[output]
                for output, _ in sink.check((place, self.stamps[path]) for place, path in paths.items())
            }
        if sink.stamp(b"") == self.stamp:
            return set()
        return {path.decode() for path, _ in sink.verify((path.encode(), digest(path)) for path in PATHS)}

    def content(self) -> dict[str, str]:
        """Return what a reader of the sink finds: the text for each document."""
        return _READERS[self.kind](self)

    def trashed(self) -> list[str]:
        """Return the text of everything in the trash but its index."""
        return [path.read_text() for path in sorted(self.trash.glob("*")) if path.name != "index.jsonl"]

    def edit(self) -> None:
        """Change the first document's output by hand."""
        statement = {
            "sqlite rows": _EDIT,
            "duckdb": _EDIT,
            "sqlite": _EDIT,
            "rows": "UPDATE results SET content = 'edited by hand' WHERE document = 'a.pdf'",
        }.get(self.kind)
        if self.schema is not None:
            self.schema.execute(_EDIT)
            return
        if statement is None:
            self.output.write_text("edited by hand")
            return
        if self.kind == "duckdb":
            with duckdb.connect(self.output) as opened:
                opened.execute(statement)
            return
        with closing(sqlite3.connect(self.output)) as database, database:
            database.execute(statement)

    def delete(self) -> None:
        """Take the first document's output away."""
        if self.schema is not None:
            self.schema.execute("DELETE FROM documents WHERE path = 'a.pdf'")
            return
        self.output.unlink()

    def hidden(self) -> list[str]:
        return [path.name for path in self.root.rglob(".*")]


def _read_files(at: Arrangement) -> dict[str, str]:
    visible = [path for path in at.root.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(at.root)).removesuffix(".md"): path.read_text() for path in sorted(visible)}


def _read_jsonl(at: Arrangement) -> dict[str, str]:
    if not at.output.exists():
        return {}
    results = [json.loads(line) for line in at.output.read_text().splitlines()]
    return {result["document"]["path"]: result["markdown"] + "\n" for result in results}


def _read_sqlite(at: Arrangement) -> dict[str, str]:
    if not at.output.exists():
        return {}
    with closing(sqlite3.connect(at.output)) as database:
        if not database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'documents'").fetchone()[0]:
            return {}
        return dict(database.execute("SELECT path, markdown || char(10) FROM documents ORDER BY path"))


def _read_duckdb(at: Arrangement) -> dict[str, str]:
    if not at.output.exists():
        return {}
    with duckdb.connect(at.output, read_only=True) as database:
        if not database.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'documents'"
        ).fetchall()[0][0]:
            return {}
        return dict(
            database.execute("SELECT path, markdown || chr(10) FROM documents ORDER BY path").fetchall()
        )


def rows_of(parts: Iterable[Any]) -> dict[str, str]:
    """Read parts as any reader of `*.parquet` does; none may see a document twice."""
    found: dict[str, str] = {}
    for part in parts:
        for row in pq.read_table(part, partitioning=None).to_pylist():
            assert row["path"] not in found
            found[row["path"]] = f"{row['markdown']}\n"
    return dict(sorted(found.items()))


def _read_parquet(at: Arrangement) -> dict[str, str]:
    return rows_of(sorted((at.root / PLACES["parquet"]).glob("*.parquet")))


def _read_csv(at: Arrangement) -> dict[str, str]:
    if not at.output.exists():
        return {}
    with at.output.open(newline="") as file:
        return {path: f"{text}\n" for path, text in csv.reader(file)}


def _read_rows(at: Arrangement) -> dict[str, str]:
    if not at.output.exists():
        return {}
    with closing(sqlite3.connect(at.output)) as database:
        if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return {}
        return dict(database.execute("SELECT document, content || char(10) FROM results ORDER BY document"))


def _read_postgres(at: Arrangement) -> dict[str, str]:
    assert at.schema is not None
    if "documents" not in at.schema.tables():
        return {}
    return dict(at.schema.execute("SELECT path, markdown || chr(10) FROM documents ORDER BY path"))


def _read_outputs(at: Arrangement) -> dict[str, str]:
    """Return the text of each output before its first picture."""
    found = {str(path.relative_to(at.root)).removesuffix(".md"): path for path in at.root.rglob("[!.]*.md")}
    return {path: f"{found[path].read_text().splitlines()[0]}\n" for path in sorted(found)}


_READERS: Mapping[str, Callable[[Arrangement], dict[str, str]]] = {
    "files": _read_files,
    "files pictures": _read_outputs,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "postgres": _read_postgres,
    "sqlite": _read_sqlite,
    "sqlite rows": _read_sqlite,
    "duckdb": _read_duckdb,
    "csv": _read_csv,
    "rows": _read_rows,
}

DELIVERED = {path: f"# {path}\n" for path in PATHS}
