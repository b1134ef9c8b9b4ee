import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.jsontext import parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)
UNUSUAL = [
    "-0", "-0.0", "1e400", "5e-324", "123456789012345678901234567890", "9007199254740993.0", "NaN", "[-Infinity]",
    '"\\ud800"', '"\\u0000"', '{"a":1,"a":2}', "\ufeff[1]", " [1] ", "[1,]", "01", "1.", '"\x01"', '{"a":1}x', "",
    "[" * 150 + "]" * 150, "[" * 900 + "]" * 900, "1" * 5000,
]  # fmt: skip


def said(read: Callable[[Any], object], content: str | bytes) -> str:
    try:
        return repr(read(content))
    except ValueError:
        return "no JSON"


@given(VALUES, st.booleans())
def test_values_are_those_of_the_usual_reader(value: object, ascii_only: bool) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")

    assert said(parse, content) == said(json.loads, content)


@pytest.mark.parametrize("content", UNUSUAL)
def test_unusual_text_is_read_as_by_the_usual_reader(content: str) -> None:
    assert said(parse, content) == said(json.loads, content)
    assert said(parse, content.encode()) == said(json.loads, content.encode())


def test_other_encodings_are_told_apart() -> None:
    assert parse('{"a": "\u4e2d"}'.encode("utf-16")) == {"a": "\u4e2d"}


@pytest.mark.parametrize("content", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_what_is_no_number_can_be_refused(content: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        parse(content, finite=True)
