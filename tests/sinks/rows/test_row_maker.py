"""Rows of results: by kind, with columns that are declared or those there are without."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Attachment, Page, Result, Usage
from docbatch.naming.expressions import Context
from docbatch.naming.templates import TemplateError
from docbatch.sinks.base import Delivery
from docbatch.sinks.jsonl import JsonlSinkSpec
from docbatch.sinks.kind import Opening
from docbatch.sinks.rows.fields import FIELDS, KEYS, STANDARD
from docbatch.sinks.rows.json_lines import row_lines
from docbatch.sinks.rows.row_maker import RowMaker, rows_digest
from tests.sinks.arrangement import delivery, failed

from .some_results import heading, result, sample_results, table, text

PATH = "in/a.pdf"
PAGED = result(
    pages=(
        Page(
            number=1,
            text="one",
            markdown="# one",
            width=595,
            height=842,
            confidence=0.5,
            blocks=(
                heading("one", 2, bbox=(1, 2, 3, 4)),
                text("foot", role="footer"),
                table(["a", "b"], ["c", "d"]),
            ),
        ),
        Page(number=2, text="two"),
    ),
    attachments=(Attachment(name="x.eml", blocks=(text("inner"), table(["e"], ["f"]))),),
    tables=(table(["g"], ["h"]),),
    metadata={"value": {"amount": 12.5, "lines": [{"n": 1}, {"n": 2}]}, "title": "T"},
    warnings=("guessed: the charset",),
    usage=Usage(pages=2, credits=1.5),
    markdown="# one\n\ntwo",
    text="one two",
)


class Answered:
    """The answer of a result that is there already."""

    is_partial = False
    credits = None

    def __init__(self, of: Result) -> None:
        self._of = of

    def markdown(self) -> str:
        return self._of.markdown

    def text(self) -> str:
        return self._of.text

    def result(self, document: object) -> Result:
        return self._of


def maker(
    rows: str = "document",
    columns: object = None,
    *,
    labels: Mapping[str, str] | None = None,
    **options: object,
) -> RowMaker:
    written = {"type": "jsonl", "path": "x", "rows": rows, "columns": columns, **options}
    context: Context = {"job": {"name": "job", "labels": dict(labels or {})}, "vars": {"v": "1"}}
    return RowMaker.of(
        Opening(
            job="job",
            options=JsonlSinkSpec.model_validate(written),
            root=Path("/"),
            output=b"x",
            trash=Path("/"),
            labels=labels or {},
            columns=lambda path: {"customer": path.decode(errors="replace")},
            context=context,
        )
    )


def handed(of: Result = PAGED, path: str = PATH) -> Delivery:
    return replace(delivery(path), load=lambda: Answered(of))


def made(*given: Any, of: Result = PAGED, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of a result, each by the names of its columns."""
    using = maker(*given, **options)
    names = [column.name for column in using.columns]
    return [dict(zip(names, row, strict=True)) for row in using.rows(handed(of))]


def test_columns_begin_with_the_key_and_have_their_types() -> None:
    for kind, standard in STANDARD.items():
        columns = maker(kind).columns
        keys = tuple(column.name for column in columns if column.is_key)

        assert keys == KEYS[kind] == tuple(column.name for column in columns)[: len(keys)]
        assert tuple((column.name, column.type) for column in columns if not column.is_key) == standard
    declared = maker(
        "chunk", {"text": "{{ row.text }}", "n": {"value": "{{ row.first_page }}", "type": "integer"}}
    )
    assert [(each.name, each.type) for each in declared.columns[4:]] == [("text", "text"), ("n", "integer")]


def test_a_document_is_one_row() -> None:
    (row,) = made(labels={"team": "a"})

    assert (row["job"], row["path"], row["outcome"], row["pages"]) == ("job", PATH, "succeeded", 2)
    assert (row["markdown"], row["text"], row["sha256"]) == ("# one\n\ntwo", "one two", "0" * 64)
    assert (json.loads(row["labels"]), json.loads(row["columns"])) == ({"team": "a"}, {"customer": PATH})
    assert json.loads(row["metadata"])["title"] == "T"
    assert Result.model_validate_json(row["result"], strict=False) == PAGED
    assert (row["failure_class"], row["failure_code"], row["failure_message"]) == (None, None, None)


def test_pages_are_rows() -> None:
    first, second = made("page")

    assert (first["row"], first["page"], first["text"], first["markdown"]) == (1, 1, "one", "# one")
    assert (first["width"], first["height"], first["confidence"]) == (595.0, 842.0, 0.5)
    assert (second["row"], second["page"], second["markdown"], second["width"]) == (2, 2, None, None)
    assert made("page", of=result(text("no pages"))) == []


def test_blocks_are_rows_wherever_they_stand() -> None:
    found = made("block")

    assert [(row["row"], row["page"], row["attachment"], row["kind"]) for row in found] == [
        (1, 1, None, "heading"),
        (2, 1, None, "text"),
        (3, 1, None, "table"),
        (4, None, "x.eml", "text"),
        (5, None, "x.eml", "table"),
    ]
    assert (found[0]["level"], json.loads(found[0]["bbox"]), found[1]["role"]) == (2, [1, 2, 3, 4], "footer")
    assert json.loads(found[2]["cells"])[3] == {
        "row": 1,
        "column": 1,
        "text": "d",
        "row_span": 1,
        "column_span": 1,
    }
    assert (found[3]["bbox"], found[3]["cells"]) == (None, "[]")


def test_tables_are_rows_once_each() -> None:
    found = made("table")

    assert [(row["table"], row["page"], row["attachment"], row["text"]) for row in found] == [
        (1, 1, None, "a\tb\nc\td"),
        (2, None, "x.eml", "e\nf"),
        (3, None, None, "g\nh"),
    ]
    assert found[0]["markdown"] == "| a | b |\n| --- | --- |\n| c | d |"
    twice = table(["a"], ["b"])
    assert len(made("table", of=result(twice, tables=(twice,)))) == 1


def test_chunks_are_rows_with_ids_of_their_own() -> None:
    found = made("chunk", chunks={"by": "page"})

    assert [(row["row"], row["first_page"], row["attachment"], row["text"][:5]) for row in found] == [
        (1, 1, None, "## on"),
        (2, 2, None, "two"),
        (3, None, "x.eml", "inner"),
        (4, None, None, "| g |"),
    ]
    assert len({row["chunk"] for row in found}) == len(found)
    assert json.loads(found[0]["headings"]) == ["one"]


def test_columns_say_what_their_expressions_name() -> None:
    (row,) = made(
        "document",
        {
            "amount": {"value": "{{ row.value.amount }}", "type": "number"},
            "last": {"value": "{{ row.value.lines[-1].n }}", "type": "integer"},
            "who": "{{ job.labels.team | upper }}-{{ doc.stem }}-{{ vars.v }}",
            "customer": "{{ doc.metadata.customer }}",
            "none": {"value": "{{ row.value.nothing.here }}", "type": "date"},
            "lines": {"value": "{{ row.value.lines }}", "type": "json"},
            "warned": {"value": "{{ row.warnings[0] }}"},
            "credits": {"value": "{{ row.usage.credits }}", "type": "number"},
        },
        labels={"team": "a"},
    )

    assert row == {
        "job": "job",
        "path": PATH,
        "amount": 12.5,
        "last": 2,
        "who": "A-a-1",
        "customer": PATH,
        "none": None,
        "lines": '[{"n":1},{"n":2}]',
        "warned": "guessed: the charset",
        "credits": 1.5,
    }


@pytest.mark.parametrize("kind", list(FIELDS))
def test_every_field_can_be_named(kind: str) -> None:
    columns = {
        f"c_{name}": {"value": f"{{{{ row.{name} }}}}", "type": "json"}
        for name in FIELDS[kind]  # type: ignore[index]
    }
    for of in (PAGED, *sample_results().values()):
        for row in made(kind, columns, of=of):
            assert set(columns) < set(row)
    assert any(row[f"c_{name}"] is not None for row in made(kind, columns) for name in ("text",))


def test_a_value_that_cannot_be_cast_names_its_column() -> None:
    columns = {"amount": {"value": "{{ row.text }}", "type": "number"}}

    with pytest.raises(ValueError, match="column amount: 'one two' is no number"):
        made("document", columns)


def test_a_failure_has_the_columns_of_a_document() -> None:
    failure = Failure(FailureClass.CORRUPT, "it is broken", "E7")
    gone = failed("b.pdf", failure)
    columns = {"class": "{{ row.failure.class }}", "n": {"value": "{{ row.value.amount }}", "type": "number"}}
    standard, declared = maker(failures=True), maker("document", columns, failures=True)

    (row,) = standard.rows(gone)
    named = dict(zip((column.name for column in standard.columns), row, strict=True))
    assert (named["outcome"], named["failure_class"], named["failure_code"]) == ("failed", "corrupt", "E7")
    assert (named["markdown"], named["pages"], named["sha256"]) == ("", None, "0" * 64)
    assert declared.rows(gone) == [("job", "b.pdf", "corrupt", None)]
    (unknown,) = standard.rows(failed("b.pdf", failure, known=False))
    assert dict(zip((column.name for column in standard.columns), unknown, strict=True))["sha256"] is None


def test_paths_that_are_no_text_are_escaped() -> None:
    (row,) = maker("document", {"p": "{{ doc.path }}"}).rows(replace(handed(), path=b"caf\xe9"))

    assert row == ("job", "caf%E9", "caf%E9")


def test_labels_that_are_not_there_are_refused_before_any_row() -> None:
    spec = JsonlSinkSpec.model_validate(
        {"type": "jsonl", "path": "x", "columns": {"a": "{{ job.labels.tem }}"}}
    )

    with pytest.raises(TemplateError, match=r"job\.labels\.tem is not defined"):
        spec.identity_in({"job": {"labels": {"team": "x"}}, "vars": {}})


def test_identities_differ_where_rows_would() -> None:
    context: Context = {"job": {"name": "j", "labels": {"team": "x"}}, "vars": {"v": "1"}}

    def identity(**options: object) -> str:
        return JsonlSinkSpec.model_validate({"type": "jsonl", "path": "x", **options}).identity_in(context)

    column = {"a": "{{ row.text }}"}
    apart = [
        identity(),
        identity(rows="page"),
        identity(rows="chunk"),
        identity(rows="chunk", chunks={"size": 100}),
        identity(columns=column),
        identity(columns={"b": "{{ row.text }}"}),
        identity(columns={"a": {"value": "{{ row.text }}", "type": "json"}}),
        identity(columns={"a": "{{ vars.v }}"}),
        identity(columns={"a": "{{ job.labels.team }}"}),
    ]
    assert len(set(apart)) == len(apart)
    assert identity(rows="chunk") == identity(rows="chunk", chunks={"size": 512})
    assert identity(columns={"a": "{{row.text}}"}) == identity(columns={"a": {"value": "{{ row.text }}"}})
    assert identity(rows="document") == identity()


def test_lines_are_objects_in_the_order_of_the_columns() -> None:
    columns = {
        "z": "{{ row.text }}",
        "when": {"value": "2026-01-31T12:00:00+01:00", "type": "timestamp"},
        "day": {"value": "2026-01-31", "type": "date"},
        "whole": {"value": "{{ row.value.lines }}", "type": "json"},
        "end": "a\u2028b",
        "none": "{{ row.value.none }}",
    }
    line = row_lines(maker("document", columns), handed())

    assert line == (
        b'{"job":"job","path":"in/a.pdf","z":"one two","when":"2026-01-31T11:00:00+00:00","day":"2026-01-31",'
        b'"whole":[{"n":1},{"n":2}],"end":"a\\u2028b","none":null}\n'
    )
    assert row_lines(maker("page"), handed(result())) == b""


def test_digests_tell_rows_apart_by_values_and_order() -> None:
    rows = maker("block").rows(handed())

    assert rows_digest(rows) == rows_digest(maker("block").rows(handed()))
    assert (
        len(
            {
                rows_digest(each)
                for each in ([], rows, rows[::-1], rows[1:], [[1]], [["1"]], [[1.0]], [[None]])
            }
        )
        == 8
    )
    assert rows_digest([["\ud800"]]) != rows_digest([["?"]])
