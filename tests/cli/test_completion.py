"""The Tab key: what shells are told, and what they make of it."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from docbatch import cli
from docbatch.cli import COMMANDS
from tests.cli.project import JOB, Project

FOLDER = Path(sys.executable).parent
GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
# What a shell runs when the Tab key is pressed behind the words of $1, each on a line of its own.
PRESS = {
    "bash": 'COMP_WORDS=($1); [ "${1% }" = "$1" ] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
    '_docbatch_completion docbatch; printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": "complete -C $argv[1]",
}


def run(project: Project, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{FOLDER}:{os.environ['PATH']}", **settings}
    return subprocess.run(
        command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=60, check=True
    )


def offered(project: Project, *words: str) -> list[str]:
    """Return what is offered for the last word."""
    settings = {"COMP_WORDS": " ".join(("docbatch", *words)), "COMP_CWORD": str(len(words))}
    told = io.BytesIO()
    with (
        contextlib.chdir(project.root),
        mock.patch.dict(os.environ, _DOCBATCH_COMPLETE="bash_complete", **settings),
        contextlib.redirect_stdout(io.TextIOWrapper(told)) as out,
        pytest.raises(SystemExit) as end,
    ):
        cli.docbatch.main(prog_name="docbatch")
    out.flush()
    assert end.value.code == 0
    return [line.partition(",")[2] for line in told.getvalue().decode().splitlines() if line]


@pytest.fixture
def jobs(project: Project) -> Project:
    project.write(
        {
            "docbatch.yaml": "apiVersion: docbatch/v1\n",
            "jobs/broken.yaml": "name: [\n",
            "jobs/a.txt": "name: no",
        }
    )
    project.job(JOB.replace("name: job", "name: 'quoted'  # a remark") + "---\nname: second\n", "deep/other")
    return project


def test_every_command_is_offered_by_its_name(project: Project) -> None:
    assert offered(project, "") == list(COMMANDS)
    assert offered(project, "re") == ["retry", "resolve", "recover"]
    assert offered(project, "state", "b") == ["backup"]
    assert "--detailed-exitcode" in offered(project, "plan", "--de")


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("retry",),
        ("state", "list"),
        ("state", "rm"),
        ("apply", "--upgrade"),
        ("cancel", "--job"),
        ("-C", "jobs/deep", "status"),
    ],
    ids=" ".join,
)
def test_names_of_jobs_are_offered(words: tuple[str, ...], jobs: Project) -> None:
    assert offered(jobs, *words, "") == ["job", "quoted", "second"]
    assert offered(jobs, *words, "se") == ["second"]


def test_what_costs_are_told_by_is_offered(jobs: Project) -> None:
    assert offered(jobs, "costs", "--by", "") == ["job", "month", "day", "connection", "label."]
    assert offered(jobs, "costs", "--by", "l") == ["label."]


def test_where_there_are_no_jobs_nothing_is_offered_and_nothing_fails(project: Project) -> None:
    (project.root / "jobs" / "job.yaml").unlink()
    (project.root / "jobs").rmdir()

    assert offered(project, "status", "") == []
    assert offered(project, "-C", "none", "status", "") == []


@pytest.mark.parametrize(
    "words", [("plan", "in"), ("explain", "in"), ("apply", "--plan", "in")], ids=" ".join
)
def test_paths_are_left_to_the_shell(words: tuple[str, ...], project: Project) -> None:
    assert offered(project, *words) == ["in"]


def test_offering_commands_loads_none_of_them(project: Project) -> None:
    told = run(
        project, "docbatch",
        PYTHONPROFILEIMPORTTIME="1", _DOCBATCH_COMPLETE="bash_complete", COMP_WORDS="docbatch ", COMP_CWORD="1",
    )  # fmt: skip
    assert "click.shell_completion" in told.stderr
    assert "docbatch.cli.status" not in told.stderr
    assert "pydantic" not in told.stderr


def test_a_start_without_the_tab_key_loads_nothing_for_it(project: Project) -> None:
    told = run(project, "docbatch", "--version", PYTHONPROFILEIMPORTTIME="1")

    assert "docbatch.cli" in told.stderr
    assert "click.shell_completion" not in told.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_of_the_guide_makes_a_shell_complete(shell: str, jobs: Project) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    (line,) = re.findall(rf"`([^`]*{shell}_source[^`]*)`", GUIDE.read_text(encoding="utf-8"))
    line = line.replace("\\|", "|")
    if shell == "zsh":
        begin = f"autoload -U compinit; compinit -u -d {jobs.root}/compdump"
        assert (
            run(jobs, "zsh", "-f", "-c", f"{begin}; {line}; echo $_comps[docbatch]").stdout
            == "_docbatch_completion\n"
        )
        return
    start = {"bash": ["--norc", "-c"], "fish": ["--no-config", "-c"]}[shell]
    for words, found in (("docbatch val", ["validate"]), ("docbatch retry s", ["second"])):
        script = [f"{line}\n{PRESS[shell]}", *(["bash"] if shell == "bash" else []), words]
        told = run(jobs, shell, *start, *script).stdout.splitlines()
        assert [each.partition("\t")[0] for each in told] == found


def test_environments_are_offered_as_they_are_written(project: Project) -> None:
    assert offered(project, "plan", "--env", "") == []
    project.write(
        {
            "docbatch.yaml": "vars: {a: b}\nenvironments:\n  # the first\n  dev:\n    project: {id: pdevdevdev01}\n\n"
            "  prod: {project: {id: pprodprod001}}\nlimits: []\n"
        }
    )

    assert offered(project, "plan", "--env", "") == ["dev", "prod"]
    assert offered(project, "--env", "p") == ["prod"]
