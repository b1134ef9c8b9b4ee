"""What a spec says of rows: what a row is, and its columns. Every sink that has rows says it in these words."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from docbatch.fields import UNSET, WORD, SpecModel, refuse, when, within
from docbatch.naming.column_values import ColumnValue, column_value
from docbatch.naming.expressions import Context, TemplateError
from docbatch.sinks.kind import Opening, SinkSpec
from docbatch.sinks.rows.fields import ANY_FIELDS, FIELDS, KEYS, RESERVED, RowKind
from docbatch.sinks.rows.row_form import RowForm, RowWriting, plain

ColumnType = Literal["text", "integer", "number", "boolean", "date", "timestamp", "json"]

MAX_COLUMNS = 500


def _is_expression(text: str) -> str:
    try:
        column_value(text, ANY_FIELDS)
    except TemplateError as error:
        refuse(str(error), error.hint)
    return text


class ColumnSpec(SpecModel):
    """A column: its value, and the type it is cast to."""

    value: Annotated[str, Field(max_length=1000), AfterValidator(_is_expression)] = Field(
        description="an expression as in templates, such as `{{ row.text }}` or `{{ row.value.amount }}`; what it names and is not there is null"
    )
    type: ColumnType = Field(
        default="text",
        description="what the value is cast to; a document with a value that cannot be is not delivered",
    )


def _as_column(written: object) -> object:
    return {"value": written} if isinstance(written, str) else written


class ChunkSpec(SpecModel):
    """How documents are cut into chunks."""

    by: Literal["heading", "page", "tokens"] = Field(
        default="tokens",
        description="where a chunk ends: before each heading, at the end of each page, or where the next section has no room in it; what is longer than `size` is cut in any case",
    )
    size: Annotated[int, Field(ge=16, le=100_000)] = Field(
        default=512, description="the most tokens of a chunk, or characters where `tokens` says so"
    )
    overlap: Annotated[int, Field(ge=0, le=50_000)] = Field(
        default=0,
        description="tokens that a chunk repeats of the one before it where both are of one section: whole paragraphs, and sentences of one that is cut itself",
    )
    tokens: Literal["cl100k_base", "o200k_base", "characters"] = Field(
        default="cl100k_base", description="what is counted: tokens of an encoding, or characters"
    )

    @model_validator(mode="after")
    def _smaller_overlap(self) -> Self:
        if self.overlap * 2 > self.size:
            refuse("overlap is more than half of size", "let it be a tenth or a fifth of size")
        return self


def _distinct(columns: dict[str, ColumnSpec]) -> dict[str, ColumnSpec]:
    seen: dict[str, str] = {}
    for name in columns:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            refuse(
                f"the columns {other} and {name} differ in case alone",
                "databases take them for one: give one another name",
            )
    return columns


Columns = Annotated[
    dict[
        Annotated[str, Field(pattern=WORD, max_length=63)],
        Annotated[ColumnSpec, BeforeValidator(_as_column, json_schema_input_type=str | ColumnSpec)],
    ],
    Field(min_length=1, max_length=MAX_COLUMNS, json_schema_extra={"additionalProperties": False}),
    AfterValidator(_distinct),
]


class RowOptions(SpecModel):
    """The fields that sinks with rows have in common."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                when("rows", ["chunk"], {}, otherwise=within("chunks", UNSET)),
                when("rows", ["page", "block", "table", "chunk"], within("failures", {"enum": [False]})),
            ]
        }
    )

    rows: RowKind = Field(default="document", description="what a row is")
    columns: Columns | None = Field(
        default=None,
        description="the columns beside `job`, `path` and what tells the rows of a document apart; those of docs/results.md when left out",
    )
    chunks: ChunkSpec | None = Field(default=None, description="how documents are cut, for `rows: chunk`")

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.chunks is not None and self.rows != "chunk":
            refuse(
                "chunks says how documents are cut, and the rows are no chunks",
                "write rows: chunk, or leave chunks out",
            )
        if self.rows != "document" and getattr(self, "failures", False):
            refuse(
                "a document that failed has no rows of this kind",
                "leave failures out, or write rows: document",
            )
        for name in self.columns or ():
            _refuse_key(name, self.rows)
        self.column_values()
        return self

    @property
    def are_declared(self) -> bool:
        """Whether rows are others than those every sink has had from the beginning: one for each document, with set columns."""
        return self.rows != "document" or self.columns is not None

    @property
    def form_of_rows(self) -> str:
        """Text that is equal where rows have the same columns; empty where nothing is declared."""
        if not self.are_declared:
            return ""
        columns = None if self.columns is None else {name: each.type for name, each in self.columns.items()}
        return json.dumps([self.rows, columns], sort_keys=True)

    def column_values(self) -> dict[str, ColumnValue]:
        """Return what the declared columns hold. Raises what pydantic takes for a value that is refused."""
        return {name: _parsed(name, column.value, self.rows) for name, column in (self.columns or {}).items()}

    def row_identity(self, context: Context) -> str:
        """Text that differs where the rows of equal results would; empty where nothing is declared. Raises TemplateError."""
        if not self.are_declared:
            return ""
        bound: Mapping[str, Any] = {
            name: [column.type, value.bind(context).template.identity]
            for (name, column), value in zip(
                (self.columns or {}).items(), self.column_values().values(), strict=True
            )
        }
        chunks = (self.chunks or ChunkSpec()).model_dump() if self.rows == "chunk" else None
        return "\n" + json.dumps([self.rows, bound if self.columns else None, chunks], sort_keys=True)


class RowSinkSpec(RowOptions, SinkSpec):
    """A sink with rows as a job declares it."""

    def identity_in(self, context: Context) -> str:
        return self.identity + self.row_identity(context)

    def rows_made_ahead(self, at: Opening, written: RowWriting = "values") -> RowForm:
        """Return what another process makes the rows of, for a sink that takes them by `RowMaker.rows`, `row_lines` or `copy_lines`."""
        options = self.model_dump(mode="json", include=set(RowOptions.model_fields))
        return RowForm(at.job, plain(at.labels), plain(at.context), options, written)

    @property
    def versions(self) -> Mapping[str, str]:
        """What cuts documents into chunks. Raises UsageError where it is not installed."""
        if self.rows != "chunk":
            return {}
        from docbatch.sinks.rows.splitter import SPLITTER, version  # noqa: PLC0415 - few jobs have chunks

        return {SPLITTER: version()}


class FailureRowsSpec(SinkSpec):
    """A sink that offers rows for documents that failed. First among the bases of a kind, it lets the field stand behind theirs."""

    failures: bool = Field(
        default=False,
        description="write a row for each document that failed as well, with its class, code and message",
    )

    @property
    def takes_failures(self) -> bool:
        return self.failures


class SharedRowsSpec(FailureRowsSpec):
    """A sink that also keeps rows of several jobs apart in one place."""

    @property
    def keeps_jobs_apart(self) -> bool:
        return True


def _parsed(name: str, text: str, rows: RowKind) -> ColumnValue:
    try:
        return column_value(text, FIELDS[rows])
    except TemplateError as error:
        others = ", ".join(kind for kind in FIELDS if _has_all(kind, text))
        hint = f"it is known with rows: {others}" if others else error.hint
        refuse(f"column {name}: {error} with rows: {rows}", hint)


def _has_all(rows: RowKind, text: str) -> bool:
    try:
        column_value(text, FIELDS[rows])
    except TemplateError:
        return False
    return True


def _refuse_key(name: str, rows: RowKind) -> None:
    folded = name.casefold()
    if folded in KEYS[rows]:
        refuse(
            f"{name} is a column of its own already",
            f"each row has {', '.join(KEYS[rows])} without being asked",
        )
    if folded in RESERVED:
        refuse(f"a column cannot be called {name}", "docbatch keeps this name for what it notes of rows")
