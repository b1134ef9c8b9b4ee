"""Sinks are shown as they were written, from what is kept of them."""

import json

import pytest

from docbatch.naming.column_values import column_value
from docbatch.naming.declared_sinks import kind_of_sink, shown_sink
from docbatch.naming.templates import compile_template

PROJECT = "/p"


@pytest.mark.parametrize(
    "template",
    [
        "{{ doc.path }}.md",
        "{{ doc.parent }}/{{ doc.stem | lower }}.md",
        '{{ doc.name | replace("a", "b") | left(10) }}',
        '{{ doc.metadata.team | default("none") }}/x',
    ],
)
def test_a_template_is_shown_as_it_was_written(template: str) -> None:
    identity = f"files\n/p/out\n{compile_template(template).identity}\nmarkdown\n"

    assert kind_of_sink(identity) == "files"
    assert shown_sink(identity, PROJECT) == f"out/{template} (markdown)"


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ('jsonl\n/p/out\n["all.jsonl"]\n\n', "out/all.jsonl"),
        ('jsonl\n/elsewhere\n["all.jsonl"]\n\n', "/elsewhere/all.jsonl"),
        ('sqlite\n/p/out\n["all.db"]\n\ndocuments', "out/all.db (documents)"),
        ('sqlite\n/p/out\n["all.db"]\n\nt\n["page", null, null]', "out/all.db (t, rows: page)"),
        (
            'duckdb\n/p/out\n["all.db"]\n\nt\n["page", {"a": ["text"]}, null]',
            'out/all.db (t, ["page", {"a": ["text"]}, null])',
        ),
        ('jsonl\n/p/out\n["a.jsonl"]\n\n[7, null, null]', "out/a.jsonl ([7, null, null])"),
        ('rows\n{"table": "results"}', '({"table": "results"})'),
        ("rows\n{}", "no options"),
        ("rows", "no options"),
        ("rows\none\ntwo", "(one, two)"),
        ("rows\n/p/out\n[7]\nx", "(/p/out, [7], x)"),
        ('rows\n/p/out\n[["doc"]]\nx', '(/p/out, [["doc"]], x)'),
    ],
)
def test_what_else_is_kept_is_shown_on_one_line(identity: str, shown: str) -> None:
    assert shown_sink(identity, PROJECT) == shown


def test_rows_are_shown_in_the_words_of_a_spec() -> None:
    columns = {
        "a": ("text", '{{ row.text | default("none") }} b'),
        "size": ("integer", "{{ doc.size }}"),
    }
    bound = {
        name: [kind, column_value(value, ("text",)).bind({}).template.identity]
        for name, (kind, value) in columns.items()
    }
    rows = json.dumps(["chunk", bound, {"by": "page"}])

    assert shown_sink(f'jsonl\n/p/out\n["a.jsonl"]\n\n{rows}', PROJECT) == (
        'out/a.jsonl (rows: chunk; columns a = {{ row.text | default("none") }} b,'
        ' size = {{ doc.size }} (integer); chunks {"by": "page"})'
    )
