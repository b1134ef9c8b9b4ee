"""Every session that the documentation shows is typed here, and has to say what is shown.

A page's sessions are those of its blocks of `console`. The comment `<!-- session: NAME -->` in front of a block begins one
in a folder that `arrangements.py` prepares by that name; blocks without it go on with the one above.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.arrangements import ARRANGEMENTS
from tests.docs.pages import Fence, Page, pages
from tests.docs.terminal import Step, Terminal, difference, fits, steps

BEGINS = "session: "
SHELLS = {"console"}
READ_BY_NOBODY = {"CHANGELOG.md"}


def sessions(found: Page) -> Iterator[tuple[str, list[Fence]]]:
    """Yield the sessions of a page with the names of what prepares them."""
    current: list[Fence] = []
    name = ""
    for fence in found.fences:
        if fence.language not in SHELLS:
            continue
        if fence.note.startswith(BEGINS):
            if current:
                yield name, current
            name, current = fence.note.removeprefix(BEGINS), []
        current.append(fence)
    if current:
        yield name, current


SESSIONS = [(page, name, fences) for page in pages() for name, fences in sessions(page)]


@pytest.mark.parametrize(
    ("found", "name", "fences"), SESSIONS, ids=[f"{page.name}-{name}" for page, name, _ in SESSIONS]
)
def test_a_session_says_what_is_shown(found: Page, name: str, fences: list[Fence], tmp_path: Path) -> None:
    assert name in ARRANGEMENTS, f"{found.name}, line {fences[0].line}: nothing prepares this session"

    with ARRANGEMENTS[name](tmp_path) as project, contextlib.closing(Terminal(project)) as terminal:
        for fence in fences:
            for step in steps(fence.content):
                said = terminal.enter(step)
                assert fits(step.shown, said), f"{found.name}, line {fence.line}:\n{difference(step, said)}"


def test_what_is_typed_stands_in_sessions_alone() -> None:
    typed = [
        f"{page.name}, line {fence.line}"
        for page in pages()
        for fence in page.fences
        if fence.language not in SHELLS and any(line.startswith("$ ") for line in fence.content.splitlines())
    ]
    assert typed == []


def test_every_arrangement_is_used() -> None:
    assert set(ARRANGEMENTS) == {name for _, name, _ in SESSIONS}


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("a\n", "a\n"),
        ("a\n…\nd\n", "a\nb\nc\nd\n"),
        ("a\n…\nd\n", "a\nd\n"),
        ("a … c\n", "a of b c\n"),
        ("at 2026-11-20T08:15:13Z\n", "at 2027-01-02T03:04:05.678Z\n"),
        ("s446bea4fabd0ab88353f held\n", "s0123456789abcdef0123 held\n"),
        ("a  ann@build-7  b\n", "a  root@elsewhere  b\n"),
        ("", ""),
    ],
)
def test_what_is_said_fits(shown: str, said: str) -> None:
    assert fits(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("a\n", "b\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "a\n"),
        ("a\n…\nd\n", "a\nb\nc\n"),
        ("12 documents\n", "13 documents\n"),
        ("at 2026-11-20T08:15:13Z\n", "at noon\n"),
        ("a.b\n", "axb\n"),
        ("", "a\n"),
    ],
)
def test_what_is_said_does_not_fit(shown: str, said: str) -> None:
    assert not fits(shown, said)


def test_steps_of_a_session() -> None:
    assert list(steps("$ a b\nc\n\nd\n$ e\n^C\nf\n")) == [
        Step("a b", "c\n\nd\n"), Step("e", ""), Step("^C", "f\n")
    ]  # fmt: skip
    with pytest.raises(ValueError, match="begins with what is typed"):
        list(steps("a\n$ b\n"))
