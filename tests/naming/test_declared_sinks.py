"""Sinks are shown as they were written, from what is kept of them."""

import pytest

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
