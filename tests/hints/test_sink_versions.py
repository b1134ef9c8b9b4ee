"""Hints of what made a sink's outputs."""

from unittest import mock

from docbatch.sinks import KINDS
from docbatch.sinks.rows import splitter
from tests.cli.project import JOB, Project
from tests.hints.table import Hints, helps
from tests.sinks import outside_made


def declare(project: Project, sink: str) -> None:
    project.job(JOB.partition("sink:")[0] + f"sink: [{sink}]\n")
    project.write({"in/a.txt": "one"})


@helps(
    "job '{}': what {} made in its output stays, and {} makes what is written from now on;"
    " 'docbatch apply --upgrade {}' makes all of it anew, free of charge"
)
def test_outputs_that_another_version_made(project: Project, hints: Hints) -> None:
    declare(project, "{type: made, database: out/rows.db}")
    made_by = outside_made.MadeSinkSpec.made_by
    with KINDS.added(outside_made.KIND), mock.patch.dict(made_by, {"maker": "1"}):
        project.call("apply")
        made_by["maker"] = "2"
        ended = hints.follow(project, project.call("plan"))

        assert ended.code == 0
        assert "maker 1" not in project.call("plan").out


@helps(
    "job '{}': its output was made by {}, and {} is installed, which would make all of it anew:"
    " nothing is written to it until 'docbatch apply --upgrade {}' does so, free of charge"
)
def test_a_file_that_another_version_made(project: Project, hints: Hints) -> None:
    declare(project, "{type: jsonl, path: out/chunks.jsonl, rows: chunk}")
    with mock.patch.object(splitter, "version", return_value="0.1"):
        project.call("apply")
    project.write({"in/b.txt": "two"})
    refused = project.call("apply")
    ended = hints.follow(project, refused)

    assert (refused.code, ended.code) == (1, 0)
    assert len((project.root / "out/chunks.jsonl").read_text().splitlines()) == 2
