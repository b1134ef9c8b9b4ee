import re

import pytest

from docbatch.providers.http import redaction
from docbatch.providers.http.redaction import LOOKED_AT, redact
from tests.steps import steps

KEY = 'sk-"planted"/0123+x'


@pytest.mark.parametrize(
    "text",
    [
        f"bad key {KEY}",
        'bad key sk-\\"planted\\"/0123+x',
        "bad key sk-%22planted%22%2F0123%2Bx",
        "x" * 350 + KEY,
        "x" * (8000 - 7) + KEY,
        f"https://h/?{'q' * 7980} " + KEY,
    ],
)
def test_a_key_is_taken_out_in_every_form(text: str) -> None:
    shown = redact(text, [KEY, ""])

    assert "planted" not in shown
    assert "sk-" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://h/a?sig=1&b=2 now", "see https://h/a?[cut] now"),
        ('{"url": "https://h/a?x=1"}', '{"url": "https://h/a?[cut]"}'),
        ('{"url": "https:\\/\\/h\\/a?x=1"}', '{"url": "https:\\/\\/h\\/a?[cut]"}'),
        ('"https://h/a\\u003fx=1"', '"https://h/a?[cut]"'),
        ("https://h/a#token=1", "https://h/a?[cut]"),
        ("https://user:pass@h/a", "https://h/a"),
        ("https://h/a and https://i/b", "https://h/a and https://i/b"),
        ("X-Amz-Signature=abc&X-Amz-Expires=9", "X-Amz-Signature=[cut]&X-Amz-Expires=[cut]"),
        ("a=1&Signature=abc%2B&b=2", "a=1&Signature=[cut]&b=2"),
        ("<SignatureProvided>abc</SignatureProvided>", "<SignatureProvided>[cut]</SignatureProvided>"),
        ("line\n\tone \x1b[31mred\u202e", "line one [31mred"),
        ("what signature? none", "what signature? none"),
    ],
)
def test_what_a_stranger_says_is_shown_without_what_it_should_not_say(text: str, shown: str) -> None:
    assert redact(text, ()) == shown


def test_a_long_text_is_cut() -> None:
    assert redact("x" * 100_000, ()) == "x" * 399 + "…"


HOSTILE = ("https://", "https:\\/\\/", "<StringToSign>", "x-amz-", "token=", "\\u003f", "@", "a" * 50)
PATTERNS = {name: each for name, each in vars(redaction).items() if isinstance(each, re.Pattern)}


class Short:
    """A pattern that is looked for in the beginning of a text only."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        self.asked = 0

    def sub(self, by: str, text: str) -> str:
        self.asked += 1
        assert len(text) <= LOOKED_AT
        return self._pattern.sub(by, text)


@pytest.mark.parametrize("part", HOSTILE)
def test_of_a_hostile_text_only_the_beginning_is_looked_at(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {name: Short(pattern) for name, pattern in PATTERNS.items()}
    for name, pattern in short.items():
        monkeypatch.setattr(redaction, name, pattern)

    redact(part * 200_000, ["key" * 10])

    assert [pattern.asked for pattern in short.values()] == [1] * len(PATTERNS)


@pytest.mark.parametrize("part", HOSTILE)
def test_a_hostile_beginning_takes_at_most_four_times_the_work_when_it_is_twice_as_long(part: str) -> None:
    for name, pattern in PATTERNS.items():
        text = part * 75
        assert steps(pattern, text[:600]) <= 4.1 * steps(pattern, text[:300]), name
