import shlex

import pytest

from docbatch.core.next_steps import (
    literal,
    next_step,
    options,
    quoted,
    selecting,
    taking_back,
    undoing,
    withdrawing,
)


@pytest.mark.parametrize(
    ("status", "kind", "charges", "command"),
    [
        ("held", "held", True, "docbatch retry --job a --class held"),
        ("problem", "empty", False, "docbatch apply"),
        ("failed", "auth", True, "docbatch apply"),
        ("failed", "corrupt", False, "docbatch accept --job a --class corrupt --reason TEXT"),
        ("partial", "lost", True, "docbatch accept --job a --class lost --reason TEXT"),
        ("partial", "lost", False, "docbatch retry --job a --class lost"),
        ("failed", "timeout", True, "docbatch retry --job a --class timeout"),
        ("failed", "of_a_later_version", False, "docbatch retry --job a --class of_a_later_version"),
    ],
)
def test_what_to_do_next(status: str, kind: str, command: str, *, charges: bool) -> None:
    step = next_step(status, kind, selecting("a", kind), charges=charges)

    assert step.command == command
    assert step.advice


def test_of_what_is_read_in_parts_those_are_queued_that_were_not_read() -> None:
    step = next_step("partial", "lost", selecting("a", "lost"), charges=True, in_parts=True)

    assert step.command == "docbatch retry --job a --class lost"
    assert "what was not read of it again, which the provider charges again" in step.advice
    assert "accept" in next_step("failed", "corrupt", "", charges=True, in_parts=True).command


def test_that_another_try_is_charged_is_said() -> None:
    assert "charges again" in next_step("failed", "timeout", "", charges=True).advice
    assert "charges" not in next_step("failed", "timeout", "", charges=False).advice


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("in/a.pdf", "in/a.pdf"),
        ("a [1]{2}*?.pdf", r"a \[1\]\{2\}\*\?.pdf"),
        ("back\\slash", "back\\\\slash"),
        ("line\nbreak", "line?break"),
    ],
)
def test_a_pattern_for_one_path(path: str, pattern: str) -> None:
    assert literal(path) == pattern


def test_a_path_is_quoted_for_a_shell() -> None:
    assert selecting("a", "lost", "two words.pdf") == ' --job a --class lost --path "two words.pdf"'


def test_options_as_they_are_typed() -> None:
    given = options(["a"], ["lost"], ["in/**"], {"team": "two words"}, 90.0)

    assert given == ' --job a --class lost --path "in/**" --label "team=two words" --older-than 90s'
    assert options((), (), (), {}, None) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain/a.pdf", "plain/a.pdf"),
        (r"odd \[1\].pdf", r'"odd \[1\].pdf"'),
        ("it's.pdf", '"it\'s.pdf"'),
        ("ends\\", "'ends\\'"),
        ("$HOME.pdf", "'$HOME.pdf'"),
        ("back\\\\slash", "'back\\\\slash'"),
    ],
)
def test_a_value_is_the_same_word_to_a_shell(value: str, shown: str) -> None:
    assert quoted(value) == shown
    assert shlex.split(shown) == [value]


def test_the_way_back() -> None:
    assert taking_back(" --job a") == "docbatch retry --job a --undo"
    assert withdrawing(" --all") == "docbatch accept --all --withdraw"
    assert undoing(" --all") == "docbatch accept --all --undo"
