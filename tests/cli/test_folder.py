"""`-C DIR`: every command acts as if it were started there."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docbatch.cli import docbatch
from tests.cli.project import Project


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield how each command is called, those of groups within groups among them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*names, name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


def command(names: tuple[str, ...]) -> click.Command:
    found: click.Command = docbatch
    for name in names:
        assert isinstance(found, click.Group)
        each = found.get_command(click.Context(found), name)
        assert each is not None
        found = each
    return found


COMMANDS = list(commands(docbatch))
ENDS = [names for names in COMMANDS if not isinstance(command(names), click.Group)]


def arguments(of: click.Command) -> list[str]:
    """Return as many arguments as a command must have, and the options without which it does not work."""
    required = [each for each in of.params if isinstance(each, click.Argument) and each.required]
    offered = [each.type.shell_complete(click.Context(of), each, "") for each in required]
    words = [next((str(item.value) for item in items if item.type == "plain"), "x") for items in offered]
    options = [f"{each.opts[0]}=x" for each in of.params if isinstance(each, click.Option) and each.required]
    return words + options


@pytest.fixture
def elsewhere(project: Project) -> Project:
    """The project lies in a folder beside the one that commands are called in."""
    (project.root / "beside").mkdir()
    inner = Project(project.root / "inner")
    inner.write({"in/a.txt": "one", "in/deep/b.txt": "two"})
    inner.job()
    return Project(project.root / "beside")


def test_groups_within_groups_are_looked_at_too() -> None:
    assert ("state", "list") in ENDS
    assert ("state",) not in ENDS


@pytest.mark.parametrize("names", ENDS, ids=" ".join)
def test_every_command_takes_a_folder_before_and_behind_each_of_its_words(
    names: tuple[str, ...], elsewhere: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    found = command(names)
    monkeypatch.setattr(found, "callback", lambda **_: seen.append(Path.cwd()))
    words = [*names, *arguments(found)]

    for place in range(len(words) + 1):
        ended = elsewhere.call(*words[:place], "-C", "../inner", *words[place:])
        assert ended.code == 0, ended.err

    assert seen == [elsewhere.root.parent / "inner"] * (len(words) + 1)


@pytest.mark.parametrize("names", [(), *COMMANDS], ids=" ".join)
def test_every_help_tells_what_paths_are_relative_to(names: tuple[str, ...], project: Project) -> None:
    told = " ".join(project.call(*names, "--help").out.split())

    assert "-C DIR Act as if started in this folder" in told
    assert "paths are relative to it." in told


@pytest.mark.parametrize("names", [(), *COMMANDS], ids=" ".join)
@pytest.mark.parametrize(("folder", "reason"), [("none", "No such file or directory"), ("file", "Not a directory"), ("", "No such file or directory")])  # fmt: skip
def test_a_folder_that_is_none_is_a_slip_in_the_command_line(
    names: tuple[str, ...], folder: str, reason: str, project: Project
) -> None:
    project.write({"file": ""})

    refused = project.call(*names, "-C", folder, *arguments(command(names)))

    assert refused.code == 64
    assert f"Error: Invalid value for '-C': docbatch cannot start in '{folder}': {reason}\n" in refused.err


@pytest.mark.parametrize("line", ["-C ../inner apply", "apply -C ../inner", "-C .. apply -C inner", "-C .. -C inner apply"])  # fmt: skip
def test_a_project_elsewhere_is_applied_as_from_within(line: str, elsewhere: Project) -> None:
    inner = Project(elsewhere.root.parent / "inner")

    assert elsewhere.call(*line.split()).code == 0

    assert inner.outputs() == {"a.txt.md": b"one\n", "deep/b.txt.md": b"two\n"}
    assert (inner.root / ".docbatch" / "state.db").exists()
    assert list(elsewhere.root.iterdir()) == []


def test_paths_on_the_command_line_are_relative_to_the_folder(elsewhere: Project) -> None:
    inner = elsewhere.root.parent / "inner"

    planned = elsewhere.call("plan", "jobs/job.yaml", "--out", "saved.json", "-C", "../inner")

    assert planned.code == 0
    assert (inner / "saved.json").exists()
    assert elsewhere.call("-C", "../inner", "apply", "--plan", "saved.json").code == 0
    explained = elsewhere.call("explain", "in/deep/b.txt", "-C", "../inner").out
    assert explained.startswith("deep/b.txt in job 'job' is done")


def test_slips_in_specs_are_told_with_paths_from_the_folder(elsewhere: Project) -> None:
    Project(elsewhere.root.parent / "inner").write({"jobs/bad.yaml": "a: 1\na: 2\n"})

    assert elsewhere.call("validate", "-C", "../inner").err.startswith("jobs/bad.yaml:2:1: ")


def test_a_command_under_an_emulated_service_runs_in_the_folder_too(elsewhere: Project) -> None:
    ended = elsewhere.run("emulate", "extend", "--port", "0", "-C", "../inner", "--", "pwd")

    assert ended.returncode == 0, ended.stderr
    assert f"\n{elsewhere.root.parent / 'inner'}\n" in ended.stdout
    assert (elsewhere.root.parent / "inner" / ".docbatch" / "emulate" / "extend").is_dir()
