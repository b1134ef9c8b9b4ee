"""Expressions of columns: names and filters, and nothing but what a row has."""

from typing import Any

import pytest

from docbatch.naming import column_values
from docbatch.naming.column_values import column_value
from docbatch.naming.expressions import MAX_DEPTH, TemplateError

FIELDS = ("text", "value", "cells", "none")
ROW = {
    "text": "Some Text",
    "value": {
        "amount": 12.5,
        "due-date": "2026-01-31",
        "lines": [{"n": 1}, {"n": 2}],
        "ok": True,
        "0": "zero",
    },
    "cells": [{"text": "first"}, {"text": "last"}],
    "none": None,
}
CONTEXT: Any = {
    "row": ROW,
    "doc": {"stem": "a"},
    "job": {"name": "j", "labels": {"team": "t"}},
    "vars": {"v": "1"},
}


def value(text: str) -> object:
    return column_value(text, FIELDS).value(CONTEXT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ row.text }}", "Some Text"),
        ("{{ row.value.amount }}", 12.5),
        ("{{ row.value['due-date'] }}", "2026-01-31"),
        ("{{ row.value.lines }}", [{"n": 1}, {"n": 2}]),
        ("{{ row.value.lines[0].n }}", 1),
        ("{{ row.value.lines[-1].n }}", 2),
        ("{{ row.value.lines.1.n }}", 2),
        ("{{ row.value.lines[2].n }}", None),
        ("{{ row.value.lines[-3] }}", None),
        ("{{ row.value[0] }}", "zero"),
        ("{{ row.value.ok }}", True),
        ("{{ row.value.none.of.this }}", None),
        ("{{ row.none }}", None),
        ("{{ row.text | lower }}", "some text"),
        ("{{ row.value.amount | lower }}", "12.5"),
        ("{{ row.none | default('-') }}", "-"),
        ("{{ row.value.ok }}!", "true!"),
        ("{{ row.cells }}!", '[{"text": "first"}, {"text": "last"}]!'),
        ("{{ row.text }} of {{ row.none }}", None),
        ("{{ job.labels.team }}/{{ doc.stem }}/{{ vars.v }}", "t/a/1"),
        ("fixed", "fixed"),
        ("", ""),
    ],
)
def test_values(text: str, found: object) -> None:
    assert value(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "{{ row.text.__class__ }}",
        "{{ row.text[0] }}",
        "{{ row.value.items }}",
        "{{ row.value.keys.__self__ }}",
        "{{ row.cells.append }}",
        "{{ row.cells['__len__'] }}",
        "{{ row.cells['--1'] }}",
        "{{ row.cells['1e0'] }}",
        "{{ row.cells['99999999999999999999'] }}",
        "{{ row.cells['१'] }}",
        "{{ row.value.amount.real }}",
    ],
)
def test_nothing_but_what_a_row_says_is_reached(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ row }}", "row alone is not a value (write as in {{ row.text }})"),
        ("{{ row.txt }}", "row.txt is not known (did you mean row.text?)"),
        ("{{ row.__class__ }}", "row.__class__ is not known (row has text, value, cells, none)"),
        ("{{ rows.text }}", "rows.text is not known (did you mean row?)"),
        ("{{ row.text.upper() }}", "a call cannot be used"),
        ("{{ row.value.amount + 1 }}", "arithmetic cannot be used"),
        ("{{ row.value[row.text] }}", "a name in brackets must be text in quotes"),
        ("{{ row.cells[1:2] }}", "a name in brackets must be text in quotes"),
        ("{{ row.cells[1.5] }}", "a name in brackets must be text in quotes"),
        ("{{ row.cells[-row.text] }}", "a name in brackets must be text in quotes"),
        ("{{ row.cells[true] }}", "a name in brackets must be text in quotes"),
        ("{{ -row.value.amount }}", "arithmetic cannot be used"),
        ("{{ row.text | tojson }}", "the filter tojson is not known"),
        ("{{ row." + ".".join("a" * MAX_DEPTH) + " }}", "has too many parts"),
        ("{{ doc.row }}", "doc.row is not known"),
        ("{{ '%s' % row.text }}", "cannot be used"),
        ("{% for x in row.cells %}{% endfor %}", "statements and comments are not supported"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as refused:
        column_value(text.replace("row.a.", "row.value.", 1), FIELDS)

    assert said in f"{refused.value} ({refused.value.hint})"


def test_names_that_have_no_free_parts_keep_their_rules() -> None:
    for text in ("{{ job.labels.a.b }}", "{{ vars.a.b }}", "{{ doc.metadata }}"):
        with pytest.raises(TemplateError):
            column_value(text, FIELDS)


def test_what_is_the_same_for_all_rows_is_filled_in_once() -> None:
    bound = column_value("{{ job.name }}-{{ vars.v }}-{{ row.text }}", FIELDS).bind(
        {"job": CONTEXT["job"], "vars": CONTEXT["vars"]}
    )

    assert bound == column_value("j-1-{{ row.text }}", FIELDS)
    assert bound.value({"row": ROW}) == "j-1-Some Text"


@pytest.mark.parametrize("text", ["{{ row.text }}{{ row.text }}", "{{ row.text | replace('a', 'bbbb') }}"])
def test_text_does_not_grow_out_of_bounds(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_values, "MAX_TEXT", 100)
    large: Any = {"row": {"text": "a" * 60}}

    with pytest.raises(ValueError, match=r"would be up to (120|240) characters long"):
        column_value(text, FIELDS).value(large)
    with pytest.raises(ValueError, match="would be up to 240 characters long"):
        column_value("{{ row.text | replace('b', 'cccc') }}", FIELDS).value(large)
    assert column_value("{{ row.text }}", FIELDS).value({"row": {"text": "a" * 1000}}) == "a" * 1000


def test_a_deep_value_is_as_deep_as_its_name() -> None:
    name = ".".join(["row", "value", *"a" * (MAX_DEPTH - 2)])
    deep: Any = "found"
    for _ in range(MAX_DEPTH - 2):
        deep = {"a": deep}

    assert column_value(f"{{{{ {name} }}}}", FIELDS).value({"row": {"value": deep}}) == "found"
