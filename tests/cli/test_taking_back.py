"""The table of what is tried first and taken back: it holds all commands that change the state, and says of each what is so."""

import contextlib
import re
import shlex
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docbatch.cli import docbatch
from tests.cli.project import JOB, Project
from tests.cli.test_failures import bad
from tests.cli.test_json_lines import all_commands

GUIDE = Path(__file__).parents[2] / "docs/guide.md"
READING = {
    "costs", "drift", "emulate", "explain", "failures", "fmt", "history", "init", "listen", "plan", "providers", "schema", "sql",
    "state backup", "state dump", "state list", "state show", "status", "test", "validate", "verify",
}  # fmt: skip
"""Commands that change nothing that is recorded; what some of them write is a new file, or one of the checkout."""
NOTHING = "Nothing undoes"


def rows() -> dict[str, tuple[str, str]]:
    text = GUIDE.read_text().partition("## Trying first, and taking back\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `docbatch ([a-z ]+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    return {command: (tried, taken) for command, tried, taken in found}


def command(words: str) -> click.Command:
    found: click.Command = docbatch
    for word in words.split():
        assert isinstance(found, click.Group), words
        below = found.get_command(click.Context(found), word)
        assert below is not None, words
        found = below
    return found


def options(words: str) -> set[str]:
    return {option for each in command(words).params for option in each.opts}


def commands_in(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the commands that a text names, each with its options."""
    for quoted in re.findall(r"`docbatch ([^`]+)`", text):
        words = shlex.split(quoted)
        yield (
            " ".join(word for word in words if not word.startswith("-")),
            {word for word in words if word.startswith("-")},
        )


def test_every_command_is_in_the_table_or_changes_nothing() -> None:
    assert rows().keys() == all_commands() - READING


@pytest.mark.parametrize("words", sorted(rows()))
def test_a_row_says_what_is_so(words: str) -> None:
    tried, taken = rows()[words]

    named = [*commands_in(tried), *commands_in(taken)]
    assert all(chosen <= options(below) for below, chosen in named)
    assert "--dry-run" in options(words) or "`docbatch plan`" in tried
    help_text = " ".join((command(words).help or "").split())
    says_nothing = taken.startswith("nothing") or ": nothing," in taken
    assert (NOTHING in help_text) == (says_nothing and words != "apply")


def test_every_dry_run_is_of_a_command_in_the_table() -> None:
    assert {words for words in all_commands() if "--dry-run" in options(words)} <= rows().keys()


TRIED = {
    "retry": ("retry",),
    "retry --undo": ("retry", "--undo"),
    "accept": ("accept", "--all", "--reason", "r"),
    "accept --undo": ("accept", "--all", "--undo"),
    "accept --withdraw": ("accept", "--all", "--withdraw"),
    "waive": ("waive", "--all", "--reason", "r", "--for", "1d"),
    "prune": ("prune", "--allow", "pruned"),
    "prune --restore": ("prune", "--restore"),
    "prune --empty-trash": ("prune", "--empty-trash", "--older-than", "0s"),
    "state rm": ("state", "rm", "job", "a.txt"),
    "state mv job": ("state", "mv", "job", "job", "other"),
    "state mv document": ("state", "mv", "document", "job", "a.txt", "z.txt"),
    "state mv connection": ("state", "mv", "connection", "local", "other"),
    "state restore": ("state", "restore", "copy.tar"),
    "state compact": ("state", "compact", "--older-than", "1s"),
    "state check": ("state", "check", "--repair"),
}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which these commands have something to do."""
    project = Project(tmp_path_factory.mktemp("used"))
    project.job(JOB)
    project.write({f"in/{name}.txt": name for name in "abc"})
    project.write({"in/0.pdf": bad(0), "in/1.pdf": bad(1), "in/2.pdf": bad(2)})
    project.call("apply")
    project.call("state", "backup", "copy.tar")
    project.call("accept", "--path", "[02].pdf", "--reason", "first")
    project.call("retry", "--path", "1.pdf")
    for name in "bc":
        (project.root / f"in/{name}.txt").unlink()
        project.call("apply", "--no-wait")
        project.call("prune", "--yes", "--allow", "pruned")
    project.call("retry", "--path", "1.pdf")
    (project.root / "in/a.txt").write_text("another")
    return project


def contents(root: Path) -> dict[str, object]:
    """Return all files of a project, its state as rows: what a database looks like on disk is its own affair."""
    files = {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if path.is_file()}
    found: dict[str, object] = {
        name: path.read_bytes()
        for name, path in files.items()
        if not re.search(r"/(state|cache)\.db|/lock$", name)
    }
    with contextlib.closing(sqlite3.connect(root / ".docbatch/state.db")) as database:
        found["state"] = list(database.iterdump())
    return found


@pytest.mark.parametrize("arguments", TRIED.values(), ids=list(TRIED))
def test_a_dry_run_changes_nothing(used: Project, arguments: tuple[str, ...]) -> None:
    before = contents(used.root)

    ended = used.call(*arguments, "--dry-run")

    assert ended.code in {0, 1}, ended.err
    assert contents(used.root) == before
