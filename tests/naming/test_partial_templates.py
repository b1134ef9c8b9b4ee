"""Expressions below one name are found in texts of any language, and everything else stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.naming.expressions import Lookup, TemplateError
from docbatch.naming.partial_templates import parse_below

FIELDS = ("x", "y")


def shown(text: str) -> list[str]:
    """Return the parts of a text, look-ups in angle brackets."""
    parts = parse_below(text, "matrix", FIELDS)
    return [f"<{part}>" if isinstance(part, Lookup) else part for part in parts]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{{ matrix.x }}", ["<matrix.x>"]),
        ("{{matrix.x}}-{{ matrix.y }}", ["<matrix.x>", "-", "<matrix.y>"]),
        ("out/{{ matrix.x }}/{{ doc.path }}.md", ["out/", "<matrix.x>", "/{{ doc.path }}.md"]),
        (
            "{{ doc.stem | replace('{{ matrix.x }}', '}}') }}",
            ["{{ doc.stem | replace('{{ matrix.x }}', '}}') }}"],
        ),
        ("{{ matrix.x | replace('}}', '{{') }}!", ["<matrix.x>", "!"]),
        ("it's {{ matrix.x }}, isn't it", ["it's ", "<matrix.x>", ", isn't it"]),
        ("{{ matrixes.x }} {{ my.matrix }}", ["{{ matrixes.x }} {{ my.matrix }}"]),
        ("{% if a %}{{ matrix.x.deep[0] }}{% endif %}", ["{% if a %}", "<matrix.x.deep.0>", "{% endif %}"]),
        ("{{ open {{ matrix.x }}", ["{{ open ", "<matrix.x>"]),
        ("{{ it's open {{ matrix.x }}", ["{{ it's open ", "<matrix.x>"]),
        ("}} {{ left open", ["}} {{ left open"]),
        ("a\r\nb {{ matrix.x }}", ["a\r\nb ", "<matrix.x>"]),
        ("", []),
    ],
)
def test_only_expressions_below_the_name_are_taken_out(text: str, parts: list[str]) -> None:
    assert shown(text) == parts


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("{{ matrix.z }}", "matrix.z is not known", "matrix has x, y"),
        ("{{ matrix.xx }}", "matrix.xx is not known", "did you mean matrix.x?"),
        ("{{ matrix }}", "matrix alone is not a value", "write as in {{ matrix.x }}"),
        ("{{ matrix.x", "an expression is opened and never closed", "close it with }}, or remove the {{"),
        ("{{ matrix.x {{ doc.path }}", "an expression is opened and never closed", "close it with }}, or remove the {{"),
        ("{{ it's open {{ matrix.x }}, isn't it", "an expression is opened and never closed", "close it with }}, or remove the {{"),
        ("{{ matrix.x + 1 }}", "arithmetic cannot be used", "templates have names and filters only, as in {{ doc.stem | lower }}"),
        ("{{ matrix.x | uper }}", "the filter uper is not known", "did you mean upper?"),
    ],
)  # fmt: skip
def test_what_cannot_be_filled_in_is_told(text: str, message: str, hint: str) -> None:
    with pytest.raises(TemplateError) as refused:
        shown(text)
    assert (str(refused.value), refused.value.hint) == (message, hint)


@given(st.text(st.sampled_from("{}'\" ax|.")))
def test_a_text_without_the_name_stays_as_it_is(text: str) -> None:
    assert "".join(shown(text)) == text
