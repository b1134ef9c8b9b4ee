"""The pages on running a repository show the files of the examples as they are."""

import re
from pathlib import Path

import pytest
import yaml

from tests.gitops.machine import git

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/gitops.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (file|part): (\S+)(?: (\w+))? -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
EXAMPLE = ROOT / "examples/gitops"


@pytest.mark.parametrize(("how", "name", "job", "text"), SHOWN, ids=lambda value: str(value)[:40])
def test_a_file_on_the_page_is_the_file(how: str, name: str, job: str, text: str) -> None:
    content = (ROOT / name).read_text(encoding="utf-8")

    if how == "file":
        assert text == content
    else:
        assert f"\n{text}" in content
        assert re.search(rf"^{job}:$", text, re.MULTILINE)


def test_every_file_that_is_marked_is_shown() -> None:
    assert len(SHOWN) == len(re.findall(r"<!-- (?:file|part): ", PAGE)) > 0
    workflows = {f"examples/gitops/.github/workflows/{path.name}" for path in (EXAMPLE / ".github/workflows").iterdir()}  # fmt: skip
    assert workflows <= {name for _, name, _, _ in SHOWN}


def test_both_schedulers_have_the_same_steps() -> None:
    steps = [(ROOT / f"examples/{name}/invoices_tasks.py").read_text() for name in ("airflow", "dagster")]
    assert steps[0] == steps[1]


def test_workflows_have_no_more_rights_than_they_use() -> None:
    for path in (EXAMPLE / ".github/workflows").iterdir():
        workflow = yaml.load(path.read_text(), yaml.BaseLoader)
        writes = [
            (path.name, name)
            for name, job in workflow["jobs"].items()
            if "write" in str(job.get("permissions", workflow["permissions"]))
        ]
        assert workflow["permissions"] in ({}, {"contents": "read"})
        assert writes == ([("comment.yml", "comment")] if path.name == "comment.yml" else [])
        assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_hooks_run_commands_that_there_are() -> None:
    from docbatch.cli import COMMANDS

    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        program, command, *_ = hook["entry"].split()
        assert (program, hook["language"]) == ("docbatch", "python")
        assert command in COMMANDS
        assert hook["id"] == f"docbatch-{command}"
        assert re.search(hook["files"], "jobs/team/a.yml")
        assert re.search(hook["files"], "docbatch.yaml")
        assert not re.search(hook["files"], "jobs/readme.md")


def test_what_is_run_may_be_run() -> None:
    modes = dict(line.split("\t")[::-1] for line in git(ROOT, "ls-files", "--stage", "examples/gitops/ci").splitlines())  # fmt: skip
    assert {name: mode[:6] for name, mode in modes.items() if not name.endswith(".py")} == {
        f"examples/gitops/ci/{name}": "100755" for name in ("plan", "with-state")
    }


def test_every_job_of_the_pipeline_is_shown() -> None:
    jobs = yaml.load((EXAMPLE / ".gitlab-ci.yml").read_text(), yaml.BaseLoader).keys() - {
        "stages",
        "variables",
    }
    assert {job for how, _, job, _ in SHOWN if how == "part"} == jobs
