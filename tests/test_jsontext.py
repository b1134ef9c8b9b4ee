import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.jsontext import MOST_NESTED, TooHeavy, mended, parse, written

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)
UNUSUAL = [
    "-0", "-0.0", "1e400", "5e-324", "123456789012345678901234567890", "9007199254740993.0", "NaN", "[-Infinity]",
    '"\\u0000"', '{"a":1,"a":2}', "\ufeff[1]", " [1] ", "[1,]", "01", "1.", '"\x01"', '{"a":1}x', "",
    "[" * 150 + "]" * 150, "1" * 5000,
]  # fmt: skip


def said(read: Callable[[Any], object], content: str | bytes) -> str:
    try:
        return repr(read(content))
    except ValueError:
        return "no JSON"


def usual(content: str | bytes) -> Any:
    """Read as the usual reader does, but for halves of characters."""
    return mended(json.loads(content))


@given(VALUES, st.booleans())
def test_values_are_those_of_the_usual_reader(value: object, ascii_only: bool) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only).encode(errors="surrogatepass")

    assert said(parse, content) == said(usual, content)


@pytest.mark.parametrize("content", UNUSUAL)
def test_unusual_text_is_read_as_by_the_usual_reader(content: str) -> None:
    assert said(parse, content) == said(json.loads, content)
    assert said(parse, content.encode()) == said(json.loads, content.encode())


@pytest.mark.parametrize("inner", ["[1]", '["\\ud83d"]', "[NaN]"])
@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_to_be_looked_through_is_refused_whoever_reads_it(
    inner: str, before: str, after: str
) -> None:
    deep = before * (MOST_NESTED - 1) + inner + after * (MOST_NESTED - 1)

    assert parse(deep)
    with pytest.raises(RecursionError):
        parse(before + deep + after)


def test_other_encodings_are_told_apart() -> None:
    assert parse('{"a": "\u4e2d"}'.encode("utf-16")) == {"a": "\u4e2d"}


@pytest.mark.parametrize("content", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_what_is_no_number_can_be_refused(content: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        parse(content, finite=True)


ANY_TEXT = st.text(st.characters(codec=None))


@given(st.recursive(ANY_TEXT, lambda each: st.lists(each) | st.dictionaries(ANY_TEXT, each)))
def test_what_was_read_is_taken_by_every_encoding(value: object) -> None:
    found = parse(json.dumps(value).encode())

    assert json.dumps(found, ensure_ascii=False).encode().decode()


@pytest.mark.parametrize("content", [b'{"\\ud83d": ["cut \\uDC00", "\xed\xa0\xbd"]}'])
def test_half_a_character_is_read_as_a_replacement(content: bytes) -> None:
    assert parse(content) == {"\ufffd": ["cut \ufffd", "\ufffd"]}


@given(st.recursive(ANY_TEXT | st.floats(), lambda each: st.lists(each) | st.dictionaries(ANY_TEXT, each)))
def test_what_is_written_is_json_on_one_line_that_hides_nothing(value: object) -> None:
    text = written(value)

    json.loads(text, parse_constant=pytest.fail)
    assert text.encode()
    assert len(text.splitlines()) == 1
    assert not {"\x1b", "\u202e", "\u200b", "##["} & {*text, text[:3]}


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"{}," * 1000 + b"{}]",
        b"[" + b"[]," * 1000 + b"[]]",
        b'["' + b'a","' * 5000 + b'"]',
        b"[" * 3000,
        b'{"a":' * 3000,
    ],
)
def test_what_would_take_many_times_its_length_is_not_read(content: bytes) -> None:
    with pytest.raises(TooHeavy):
        parse(content, most=4000)
    with pytest.raises(TooHeavy):
        parse(content.decode(), most=4000)


def test_words_weigh_nothing_whatever_marks_they_have() -> None:
    words = "[{," * 5000 + '\\"]}'

    assert parse(json.dumps({"text": words, "more": words}), most=100)["text"] == words
