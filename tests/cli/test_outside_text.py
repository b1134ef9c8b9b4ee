"""The command line over names that mean harm: a terminal and a CI runner see text, and nothing else."""

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project

WICKED = b"::error::mine\x1b[31m\n::set-output name=a::b \xe2\x80\xae\xe2\x80\x8b\xff ##[group]|`<img>.txt"
COLLIDING = JOB.replace("{{ doc.path }}", "{{ doc.suffix }}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"in/plain.txt": "words"})
    (tmp_path / "in" / os.fsdecode(WICKED)).write_bytes(b"words of another")
    made.job()
    return made


def harmless(text: str) -> None:
    text.encode()
    for line in text.splitlines():
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line
        assert not {"Cc", "Cf", "Cs"} & {unicodedata.category(each) for each in line.replace("\t", "")}, line


@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["plan", "--format", "json"],
        ["plan", "--format", "markdown"],
        ["explain", os.fsdecode(b"in/" + WICKED)],
        ["explain", "--json", os.fsdecode(b"in/" + WICKED)],
        ["explain", os.fsdecode(b"\xff::error::")],
        ["status", os.fsdecode(b"\xff\x1b[31m")],
        ["state", "show", os.fsdecode(b"\xff")],
        ["state", "rm", "job", os.fsdecode(b"\xff::error::\x1b")],
        ["resolve", os.fsdecode(b"\xff"), "--remote-id", os.fsdecode(b"\xff")],
        ["validate", os.fsdecode(b"\n::error::\xff.yaml")],
        [os.fsdecode(b"\n::error::\xff")],
        ["plan", "--format", os.fsdecode(b"\n::error::\x1b\xff")],
    ],
)
def test_what_is_said_before_anything_is_done_does_nothing(project: Project, command: list[str]) -> None:
    ended = project.call(*command)

    harmless(ended.out + ended.err)
    assert ended.code in {0, 10, 64}


def test_what_a_run_says_does_nothing_and_documents_can_be_named_by_their_bytes(project: Project) -> None:
    name = os.fsdecode(WICKED)
    applied = project.applied()
    told = [project.call("state", "list"), project.call("status"), project.call("status", "--json"),
            project.call("explain", f"in/{name}"), project.call("state", "rm", "job", name)]  # fmt: skip

    assert [each.code for each in told] == [0] * 5
    for each in (applied, *told):
        harmless(each.out + each.err)
    assert all(json.loads(line) for line in applied.out.splitlines())


def test_documents_that_collide_are_named_harmlessly(project: Project) -> None:
    project.job(COLLIDING)

    ended = project.call("plan")

    assert ended.code == 6
    assert "wanted by" in ended.err
    harmless(ended.err)


def test_the_real_command_takes_arguments_that_are_no_text(project: Project) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "docbatch", "explain", b"in/" + WICKED],
        cwd=project.root,
        capture_output=True,
        check=False,
    )

    assert (told.returncode, told.stderr) == (0, b"")
    harmless(told.stdout.decode())
