"""What a careful reader finds in a document, and what is to be said of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Grid = tuple[tuple[str, ...], ...]

SUCCEEDED = "succeeded"
PARTIAL = "partial"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Truth:
    """The content of one document.

    `text` is what is read, in reading order, tables row by row. `aside` has to be there as well, anywhere: running heads,
    notes of a page, page numbers. `allowed` may be there; `absent` must not, as struck text. `patterns` are regular
    expressions that the Markdown has to match: a tick beside its label, a note's mark that is that of the note.
    `whole` are texts that must be there where the outcome is `succeeded`, as those of a page that only OCR can read.
    `outcomes` are those that are right; `named` are words of which a partial document's warnings have to speak.
    `excused` says that content counts only where the outcome is `succeeded`. `words_only` says that the truth knows
    neither order nor structure. `group` tells documents of one format apart.
    """

    text: str
    headings: tuple[str, ...] = ()
    tables: tuple[Grid, ...] = ()
    aside: str = ""
    allowed: str = ""
    absent: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = (SUCCEEDED,)
    named: tuple[str, ...] = ()
    excused: bool = False
    words_only: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A document with its truth; `name` has the suffix that says the format."""

    name: str
    data: bytes
    truth: Truth


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a document; `outcome` is empty where the reader has no such notion."""

    markdown: str
    text: str | None = None
    outcome: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""


@dataclass(slots=True)
class Script:
    """Collects a truth piece by piece, in reading order."""

    pieces: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    tables: list[Grid] = field(default_factory=list)

    def heading(self, text: str) -> None:
        self.pieces.append(text)
        self.headings.append(text)

    def add(self, *texts: str) -> None:
        self.pieces.extend(texts)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        self.pieces.extend(" ".join(row) for row in rows)
        self.tables.append(tuple(map(tuple, rows)))

    def truth(self, **more: Any) -> Truth:
        return Truth("\n".join(self.pieces), tuple(self.headings), tuple(self.tables), **more)


def truths_of(folder: Path) -> Path:
    """Return where the truths of a folder's documents are kept: beside it, so that it holds documents only."""
    return folder.with_name(f"{folder.name}.truths.json")


def write_truths(folder: Path, truths: Mapping[str, Truth]) -> None:
    """Write the truths of a folder's documents, by path relative to it."""
    values = {name: asdict(truth) for name, truth in sorted(truths.items())}
    truths_of(folder).write_text(json.dumps(values, ensure_ascii=False, indent=1))


def read_truths(folder: Path) -> dict[str, Truth]:
    values = json.loads(truths_of(folder).read_text())
    return {name: _truth(value) for name, value in values.items()}


def _truth(value: dict[str, Any]) -> Truth:
    # Truths of documents that were gathered once outlive changes of the bench: what they do not have is as by default.
    listed = {name: tuple(each) for name, each in value.items() if isinstance(each, list)}
    return Truth(**{**value, **listed, "tables": tuple(grid_of(rows) for rows in value["tables"])})


def grid_of(rows: Iterable[Iterable[str]]) -> Grid:
    """Return rows of cells as they stand in a truth."""
    return tuple(tuple(row) for row in rows)
