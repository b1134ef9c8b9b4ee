"""`--env` and `--var`: environments over one folder of documents, of which none touches another."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.project import Ended, Project

SETTINGS = """
vars: {stage: none}
environments:
  dev: {project: {id: pdevdevdev01}, vars: {stage: dev}}
  prod: {project: {id: pprodprod001}, vars: {stage: prod}}
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: local
sink: [{type: files, path: "out/{{ vars.stage }}/{{ doc.path }}.md", format: markdown}]
"""
SHARED = {
    "files": '{type: files, path: "out/{{ doc.path }}.md", format: markdown}',
    "jsonl": '{type: jsonl, path: "out/all.jsonl"}',
    "sqlite": '{type: sqlite, path: "out/all.db"}',
    "parquet": '{type: parquet, path: "out/all"}',
    "store": '{type: files, store: lake, path: "out/{{ doc.path }}.md", format: markdown}',
}
STORE = "stores: {lake: {type: s3, bucket: docs, region: eu-central-1}}\n"


@pytest.fixture(scope="module")
def once_applied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose two environments have the same documents done."""
    made = Project(tmp_path_factory.mktemp("environments"))
    made.write({"docbatch.yaml": SETTINGS, "in/a.txt": "one", "in/b.txt": "two"})
    made.job(JOB)
    made.applied("--env", "dev")
    made.applied("--env", "prod")
    return made.kept()


@pytest.fixture
def applied(once_applied: Project) -> Project:
    return once_applied.put_back()


@pytest.fixture
def project(project: Project) -> Project:
    project.write({"docbatch.yaml": SETTINGS, "in/a.txt": "one"})
    project.job(JOB)
    return project


def of(project: Project, environment: str) -> Mapping[str, tuple[bytes, int]]:
    """Return all that an environment has: its outputs and its state, with the times at which they were written."""
    tops = (project.root / "out" / environment, project.root / ".docbatch/env" / environment)
    return {
        str(path.relative_to(project.root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for top in tops
        for path in sorted(top.rglob("*"))
        if path.is_file()
    }


def said(ended: Ended) -> str:
    return ended.out + ended.err


def test_each_sends_collects_and_delivers_by_itself(applied: Project) -> None:
    assert sorted(applied.outputs()) == ["dev/a.txt.md", "dev/b.txt.md", "prod/a.txt.md", "prod/b.txt.md"]
    for name in ("dev", "prod"):
        assert (applied.root / ".docbatch/env" / name / "state.db").exists()
        plan = json.loads(applied.call("--env", name, "plan", "--format", "json").out)
        assert (plan["send_items"], plan["environment"]) == (0, name)
    assert not (applied.root / ".docbatch/state.db").exists()
    assert (applied.root / ".docbatch/.gitignore").read_text() == "*\n"
    assert not (applied.root / ".docbatch").stat().st_mode & 0o077


def test_nothing_that_is_done_in_one_touches_another(applied: Project) -> None:
    (applied.root / "out/dev/a.txt.md").write_text("edited")
    prod = of(applied, "prod")
    (applied.root / "in/b.txt").unlink()

    assert applied.call("drift", "--env", "dev").code == 2
    assert applied.call("apply", "--env", "dev").code == 0
    assert applied.call("prune", "--env", "dev", "--yes", "--allow", "pruned").code == 0
    assert applied.call("prune", "--env", "dev", "--list").out.endswith("1 output\n")
    assert applied.call("state", "rm", "--env", "dev", "job", "a.txt").code == 0
    assert applied.call("state", "check", "--env", "dev").code == 0
    assert applied.call("prune", "--env", "dev", "--empty-trash", "--older-than", "0s", "--yes").code == 0

    assert of(applied, "prod") == prod
    assert applied.call("drift", "--env", "prod").code == 0
    assert sorted(applied.outputs("out/dev")) == ["a.txt.md"]


def test_a_state_that_is_deleted_is_missed_by_nobody_else(applied: Project) -> None:
    prod = of(applied, "prod")
    shutil.rmtree(applied.root / ".docbatch/env/dev")

    assert applied.call("status", "--env", "dev").code == 10
    assert applied.call("status", "--env", "prod").code == 0
    assert {name: each for name, each in of(applied, "prod").items() if name in prod} == prod


def test_a_lock_is_held_in_one_alone(applied: Project) -> None:
    from docbatch.state import lock

    with lock.hold(applied.root / ".docbatch/env/dev/lock"):
        assert applied.call("apply", "--env", "dev").code == 11
        assert applied.call("apply", "--env", "prod").code == 0


def test_a_state_folder_that_is_a_link_to_anothers_is_refused(applied: Project) -> None:
    folder = applied.root / ".docbatch/env/dev"
    shutil.rmtree(folder)
    folder.symlink_to("prod")

    ended = applied.call("apply", "--env", "dev")
    assert ended.code == 1
    assert "is a link" in ended.err


def test_commands_have_to_say_which(applied: Project) -> None:
    for command in (("plan",), ("apply",), ("status",), ("state", "list"), ("sql", "SELECT 1"), ("prune",)):
        ended = applied.call(*command)
        assert ended.code == 64
        assert "this project has environments: dev, prod" in ended.err
        assert "'docbatch --env dev plan'" in ended.err


def test_a_typo_and_two_names_are_refused(project: Project) -> None:
    assert "did you mean prod?" in (ended := project.call("plan", "--env", "pord")).err
    assert ended.code == 64
    assert (
        "two environments are named" in (ended := project.call("--env", "dev", "plan", "--env", "prod")).err
    )
    assert ended.code == 64
    assert project.call("--env", "dev", "plan", "--env", "dev").code == 0
    assert project.call("--env", "dev", "schema").code == 64


def test_variables_are_given_and_refused(project: Project) -> None:
    assert project.call("apply", "--env", "dev", "--var", "stage=acme").code == 0
    assert list(project.outputs()) == ["acme/a.txt.md"]
    for given in ("stgae=x", "stage", "=x"):
        assert project.call("plan", "--env", "dev", "--var", given).code == 64
    assert "did you mean stage?" in project.call("plan", "--env", "dev", "--var", "stgae=x").err
    assert (
        "given two values" in project.call("plan", "--env", "dev", "--var", "stage=a", "--var", "stage=b").err
    )


def test_a_variable_moves_outputs_free_of_charge(applied: Project) -> None:
    lines = applied.applied("--env", "dev", "--var", "stage=other").lines

    assert not any(line["type"] == "intended" for line in lines)
    assert sorted(applied.outputs("out/other")) == ["a.txt.md", "b.txt.md"]


def test_what_comes_from_outside_may_not_lead_into_anothers_outputs(applied: Project) -> None:
    ended = applied.call("apply", "--env", "dev", "--var", "stage=prod")

    assert ended.code == 64
    assert "would write to one place" in ended.err


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_an_output_of_two_is_refused(project: Project, kind: str, command: str) -> None:
    project.write({"docbatch.yaml": STORE + SETTINGS})
    project.job(JOB.replace(JOB[JOB.index("[{type") + 1 : -2], SHARED[kind]))
    ended = project.call(command, "--env", "dev")

    assert ended.code == 64
    assert "jobs/job.yaml:6:" in ended.err
    assert "environment dev and environment prod would write to one place" in said(ended)
    assert not (project.root / "out").exists()


def test_all_are_validated_without_one_being_named(project: Project) -> None:
    ended = project.call("validate")

    assert (ended.code, ended.out) == (0, "valid: job\nin the environments dev, prod\n")


def test_a_plan_is_for_its_environment_and_its_variables(project: Project) -> None:
    assert project.call("plan", "--env", "prod", "--var", "stage=x", "--out", "plan.json").code == 0
    told = {name: project.call("apply", *words, "--plan", "plan.json") for name, words in {
        "another": ("--env", "dev", "--var", "stage=x"),
        "other values": ("--env", "prod", "--var", "stage=y"),
        "no values": ("--env", "prod"),
    }.items()}  # fmt: skip

    assert [each.code for each in told.values()] == [64, 64, 64]
    assert "'docbatch --env prod apply --plan FILE'" in told["another"].err
    assert all(
        "other values from outside for variables: stage" in told[name].err
        for name in ("other values", "no values")
    )
    assert "x" not in json.loads((project.root / "plan.json").read_text())["plan"]["variables"].values()
    assert project.call("apply", "--env", "prod", "--var", "stage=x", "--plan", "plan.json").code == 0


def test_plans_and_reports_name_it(project: Project, tmp_path: Path) -> None:
    assert project.call("plan", "--env", "prod").out.startswith("environment prod: 1 job")
    plan, *_ = project.applied("--env", "prod", "--report", str(tmp_path / "report")).lines
    report = json.loads((tmp_path / "report/report.json").read_text())

    assert (plan["environment"], report["environment"]) == ("prod", "prod")
    assert "environment prod" in (tmp_path / "report/report.md").read_text()


def test_hints_name_commands_of_the_same_environment(project: Project) -> None:
    ended = project.call("status", "--env", "prod")

    assert ended.code == 10
    assert "'docbatch --env prod apply' makes it" in ended.err


def test_what_a_repository_brings_along_counts_for_nothing(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCBATCH_VAR_stage", "fork")
    ended = applied.call("plan", "--untrusted", "--env", "dev", "--format", "json")

    plan = json.loads(ended.out)
    assert (plan["state"], plan["environment"], plan["send_items"]) == ("none", "dev", 2)


def test_the_link_on_the_way_to_a_state_is_named_and_not_what_lies_behind_it(project: Project) -> None:
    behind = project.root.parent / f"{project.root.name}-behind"
    (behind / "dev").mkdir(parents=True)
    (project.root / ".docbatch").mkdir()
    (project.root / ".docbatch/env").symlink_to(behind)

    refused = project.call("--env", "dev", "apply")

    assert refused.code == 1
    assert f"{project.root}/.docbatch/env: is a link that leads out of the project" in refused.err
    assert list((behind / "dev").iterdir()) == []
