"""Text of others' making: whatever it says, it can be recorded and printed, and does nothing there."""

import unicodedata
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.errors import GuardRefused, Refused
from docbatch.core.guard import refuse_collisions
from docbatch.core.outside_text import escaped, markdown, printed, whole, whole_value
from docbatch.core.plan_formats.as_markdown import plan_markdown
from docbatch.core.plan_formats.as_text import plan_text
from docbatch.core.report import PlanLine, PlanReport

ANY_TEXT = st.text(
    st.characters(codec=None) | st.sampled_from("\ud83d\u200b\u200f\u061c\ufeff\u2028\u202e\x1b\r\n:#[|`<")
)
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
COMMANDS = ("::", "##[", "##vso[")
WICKED = "::error::x\n  ::set-output name=a::b\x1b[31m\u202e\ud83d|`<img src=x>##[group] @owner #1 https://x.example"


def is_command(line: str) -> bool:
    return line.lstrip().startswith("::") or any(each in line for each in COMMANDS[1:])


def test_all_that_is_not_seen_is_escaped() -> None:
    every = [chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) in UNSEEN]

    assert [hex(ord(each)) for each in every if escaped(each) == each] == []
    assert {each for each in every if printed(each) == each} == {"\n", "\t"}


@pytest.mark.parametrize(
    "text", ["résumé.pdf", "報告 1.pdf", "\u2764\ufe0f.pdf", "a_b-c:d.txt", "m\xa0n", "😀.txt"]
)
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text


@given(ANY_TEXT)
def test_text_that_is_escaped_is_one_line_that_does_nothing(text: str) -> None:
    shown = escaped(text)

    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert not is_command(shown)
    assert not UNSEEN & {unicodedata.category(each) for each in shown}
    assert escaped(shown) == shown


@given(ANY_TEXT)
def test_lines_that_are_printed_are_no_commands(text: str) -> None:
    assert not any(is_command(line) for line in printed(text).split("\n"))


@given(ANY_TEXT)
def test_markdown_of_it_is_text_of_one_line(text: str) -> None:
    shown = markdown(text)

    assert len(shown.splitlines()) <= 1
    bare = shown.replace("<!-- -->", "").replace("\\\\", "")
    assert "<" not in bare
    assert all(f"\\{mark}" in bare for mark in "|`" if mark in bare)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see GH-12 and gh-7", "see GH-<!-- -->12 and gh-<!-- -->7"),
        ("a :shipit: and :+1:", "a :<!-- -->shipit: and :<!-- -->+1:"),
        ("# all.txt", "\\# all.txt"),
        ("- all.txt", "\\- all.txt"),
        ("---", "\\---"),
        ("1. all.txt", "1\\. all.txt"),
        ("12) all.txt", "12\\) all.txt"),
        ("-a.txt, 1.5 kB - 10:30: x", "-a.txt, 1.5 kB - 10:<!-- -->30: x"),
        ("2 documents", "2 documents"),
    ],
)
def test_text_is_no_shorthand_of_github(text: str, shown: str) -> None:
    assert markdown(text) == shown


@given(ANY_TEXT)
def test_whole_text_is_taken_by_every_encoding(text: str) -> None:
    whole(text).encode()
    assert len(whole(text)) <= len(text)


@dataclass(frozen=True)
class Told:
    text: str
    parts: tuple[dict[str, list[str]], ...]


def test_values_are_mended_as_deep_as_they_are() -> None:
    fit = Told("a", ({"b": ["c"]},))

    assert whole_value(fit) is fit
    assert whole_value(Told("\ud83d", ({"\ud83d": ["x\udcff"]},))) == Told(
        "\ufffd", ({"\ufffd": ["x\ufffd"]},)
    )


def test_an_error_can_be_recorded_whatever_it_quotes() -> None:
    error = Refused("no \ud83d", code="\ud83d", hint="\ud83d")

    assert (error.message, error.code, error.hint) == ("no \ufffd", "\ufffd", "\ufffd")


def test_colliding_names_are_shown_escaped() -> None:
    with pytest.raises(GuardRefused) as refused:
        refuse_collisions([(WICKED, WICKED, WICKED)])

    assert "\x1b" not in refused.value.message
    assert not any(is_command(line) for line in refused.value.message.splitlines())


def test_a_plan_does_nothing_whatever_documents_are_called() -> None:
    lines = (PlanLine("job", "send", WICKED, 1, examples=((WICKED, WICKED),)),)
    report = PlanReport(("job",), 1, 0, lines, notes=(WICKED,))
    text, comment = plan_text(report), plan_markdown(report)

    assert not any(is_command(line) for line in (text + comment).splitlines())
    assert "\x1b" not in text + comment
    assert "<img" not in comment
    assert "@owner" not in comment
    assert all(line.count(" | ") == 4 for line in comment.splitlines() if line.startswith("| job "))
