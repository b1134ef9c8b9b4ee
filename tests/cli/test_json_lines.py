"""`--json` of every command: typed, versioned lines that fit the published schema, errors among them, and the summary last."""

import importlib
import json
from collections.abc import Iterator
from functools import cache

import click
import pytest
from jsonschema import Draft202012Validator, ValidationError

from docbatch.cli import COMMANDS, docbatch
from docbatch.cli.event_schema import events_schema
from tests.cli.project import JOB, Ended, Project
from tests.cli.test_failures import bad

OTHERWISE = {"emulate", "schema", "state dump"}
"""Commands whose output is JSON as it is, or another command's."""
TRIED = (
    ("init",),
    ("validate",),
    ("fmt",),
    ("fmt", "--diff", "jobs"),
    ("test",),
    ("test", "--update"),
    ("plan",),
    ("apply",),
    ("apply", "--no-wait"),
    ("collect", "--no-wait"),
    ("status",),
    ("costs",),
    ("explain", "in/a.txt"),
    ("history",),
    ("failures",),
    ("retry", "--dry-run"),
    ("retry", "--undo", "--dry-run"),
    ("accept", "--all", "--reason", "so", "--dry-run"),
    ("accept", "--all", "--undo"),
    ("waive", "--all", "--reason", "so", "--for", "1d", "--dry-run"),
    ("cancel", "--job", "job"),
    ("cancel", "nothing"),
    ("resolve", "nothing", "--absent"),
    ("recover",),
    ("adopt", "batch-1", "--connection", "local"),
    ("verify",),
    ("drift",),
    ("prune", "--dry-run"),
    ("prune", "--yes", "--allow", "pruned"),
    ("prune", "--list"),
    ("prune", "--restore"),
    ("prune", "--empty-trash", "--dry-run"),
    ("sql",),
    ("sql", "SELECT * FROM documents"),
    ("sql", "SELECT 1.5 AS half, x'00' AS bytes, NULL AS nothing"),
    ("sql", "SELECT"),
    ("state", "list"),
    ("state", "show", "nothing"),
    ("state", "rm", "job", "a.txt", "--dry-run"),
    ("state", "unlock"),
    ("state", "migrate"),
    ("state", "check"),
    ("state", "compact"),
    ("state", "mv", "job", "job", "other", "--dry-run"),
    ("state", "mv", "document", "job", "a.txt", "b.txt", "--dry-run"),
    ("state", "mv", "connection", "local", "other", "--dry-run"),
    ("state", "backup", "copy.tar"),
    ("state", "restore", "nothing"),
    ("state", "load", "nothing"),
    ("watch", "nothing"),
    ("listen", "--port", "1"),
    ("providers",),
    ("providers", "--prices"),
)


@cache
def fits() -> Draft202012Validator:
    return Draft202012Validator(events_schema())


def leaves(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            yield from leaves(f"{name} {below}", each)
    else:
        yield name


def all_commands() -> set[str]:
    loaded = ((name, importlib.import_module(f"docbatch.cli.{name}").command) for name in COMMANDS)
    return {leaf for name, command in loaded for leaf in leaves(name, command)}


def seconds_since_the_epoch(value: object) -> Iterator[object]:
    """Yield what seems to be a moment that is not said as all JSON has it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from seconds_since_the_epoch(each)
    elif isinstance(value, float) and 1e9 < value < 1e10:
        yield value


def judged(ended: Ended) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in ended.out.splitlines()]
    for line in lines:
        fits().validate(line)
        assert list(seconds_since_the_epoch(line)) == []
    assert [line["type"] for line in lines if line["type"] in {"summary", "outcome"}] == [lines[-1]["type"]]
    assert lines[-1]["exit_code"] == ended.code
    if ended.code not in {0, 1, 2, 3, 4}:
        assert any(line["type"] == "error" and line["message"] for line in lines)
    return lines


@pytest.fixture(scope="module")
def once_applied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("applied"))
    project.job(JOB + "manifest: true\n")
    project.write({"in/a.txt": "one", "in/bad.pdf": bad(1), "in/worse.pdf": bad(2)})
    project.call("apply")
    project.call("accept", "--path", "worse.pdf", "--reason", "so")
    project.call("waive", "--path", "worse.pdf", "--reason", "so", "--for", "1d")
    (project.root / "out/a.txt.md").write_text("edited")
    return project.kept()


@pytest.fixture
def applied(once_applied: Project) -> Project:
    return once_applied.put_back()


@pytest.mark.parametrize("arguments", TRIED, ids=" ".join)
def test_every_line_fits_the_schema_and_the_last_is_the_summary(
    applied: Project, arguments: tuple[str, ...]
) -> None:
    judged(applied.call(*arguments, "--json"))


@pytest.mark.parametrize(
    ("command", "kind"), [("failures", "failure"), ("drift", "difference"), ("verify", "difference")]
)
def test_lines_with_a_shape_of_their_own_are_printed(applied: Project, command: str, kind: str) -> None:
    line = next(line for line in judged(applied.call(command, "--json")) if line["type"] == kind)

    for name in events_schema()["$defs"][kind.title()]["required"]:
        with pytest.raises(ValidationError):
            fits().validate(
                {key: value for key, value in line.items() if key != name}
                | ({"type": kind} if name != "type" else {})
            )


def left_over(project: Project) -> Project:
    """Leave an output that can be pruned, one that was edited, one that stays in a file, and a trash that holds one."""
    project.job(JOB + "  - {type: jsonl, path: lists/all.jsonl}\n")
    project.write({f"in/{name}.txt": name for name in "abcdefgh"})
    project.call("apply")
    for name in "ab":
        (project.root / f"in/{name}.txt").unlink()
    project.call("apply")
    project.call("prune", "--yes", "--allow", "pruned")
    project.write({"out/a.txt.md": "another"})
    (project.root / "in/c.txt").unlink()
    (project.root / "in/d.txt").unlink()
    project.call("apply")
    project.write({"out/d.txt.md": "edited"})
    return project


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("view", ("sql",)),
        ("row", ("sql", "SELECT * FROM documents")),
        ("note", ("prune", "--dry-run")),
        ("output", ("prune", "--dry-run")),
        ("output", ("prune", "--restore")),
        ("batch", ("prune", "--list")),
    ],
)
def test_lines_of_left_outputs_and_answers_have_shapes_of_their_own(
    project: Project, kind: str, arguments: tuple[str, ...]
) -> None:
    lines = judged(left_over(project).call(*arguments, "--json"))

    (line, *_) = [line for line in lines if line["type"] == kind]
    definition = events_schema()["$defs"][kind.title()]
    assert line.keys() == definition["properties"].keys()
    for name in set(definition["required"]) - {"type"}:
        with pytest.raises(ValidationError):
            fits().validate({key: value for key, value in line.items() if key != name})


def test_every_command_is_tried() -> None:
    tried = {leaf for leaf in all_commands() for each in TRIED if " ".join(each).startswith(leaf)}

    assert all_commands() - tried == OTHERWISE


def test_every_command_has_the_option() -> None:
    for name in sorted(all_commands() - OTHERWISE):
        command: click.Command = docbatch
        for word in name.split():
            assert isinstance(command, click.Group)
            found = command.get_command(click.Context(command), word)
            assert found is not None
            command = found
        assert [option for each in command.params for option in each.opts].count("--json") == 1, name


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("apply", "--nope"), 64), (("status", "nojob"), 64), (("plan", "nowhere"), 64)],
)
def test_errors_are_lines_as_well_as_sentences(
    applied: Project, arguments: tuple[str, ...], code: int
) -> None:
    ended = applied.call(*arguments, "--json")

    *_, error, last = judged(ended)
    assert ended.code == error["exit_code"] == last["exit_code"] == code
    assert str(error["message"]).split("\n")[0][:20] in ended.err


def test_what_is_wrong_with_specs_is_a_line_each_with_its_place(project: Project) -> None:
    project.job(JOB.replace("provider: local", "provider: lokal\npriority: 0"))

    lines = judged(project.call("validate", "--json"))

    errors = [line for line in lines if line["type"] == "error"]
    assert len(errors) == 2
    assert {line["file"] for line in errors} == {"jobs/job.yaml"}
    assert all(isinstance(line["line"], int) and line["where"] for line in errors)


def test_one_command_after_the_other_has_lines_of_its_own(applied: Project) -> None:
    assert judged(applied.call("validate", "--json"))[-1]["version"] == "docbatch/validate/v1"
    assert applied.call("validate").out == "valid: job\n"
    assert judged(applied.call("state", "check", "--json"))[-1]["version"] == "docbatch/state-check/v1"


def test_the_schema_is_printed(project: Project) -> None:
    schema = json.loads(project.call("schema", "events").out)

    Draft202012Validator.check_schema(schema)
    assert {"Error", "Summary", "Ended", "Spent", "Delivery"} <= set(schema["$defs"])
