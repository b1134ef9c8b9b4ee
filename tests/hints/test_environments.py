"""Hints of environments and of variables that come from outside."""

import pytest

from tests.cli.project import Project
from tests.hints.table import Hints, helps

SETTINGS = """
vars: {stage: none}
environments:
  dev: {project: {id: pdevdevdev01}, vars: {stage: dev}}
  prod: {project: {id: pprodprod001}, vars: {stage: prod}}
"""
ITSELF = "project: {id: pbasebase001}\n"
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: local
sink: [{type: files, path: "out/{{ vars.stage }}/{{ doc.path }}.md", format: markdown}]
"""


@pytest.fixture
def project(project: Project) -> Project:
    project.write({"docbatch.yaml": SETTINGS, "in/a.txt": "one"})
    project.job(JOB)
    return project


@helps("name one with --env, as in 'docbatch --env {} plan'")
def test_no_environment_is_named(project: Project, hints: Hints) -> None:
    told = project.call("plan")

    assert told.code == 64
    assert hints.follow(project, told).code == 0


@helps("add project: {id: …} to it; docbatch init in an empty folder writes a new id")
def test_an_environment_without_an_id(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": SETTINGS.replace("project: {id: pdevdevdev01}, ", "")})
    told = project.call("validate")
    fresh = Project(project.root / "empty")
    fresh.root.mkdir()
    # Around an empty folder no other project is to be found.
    (project.root / "docbatch.yaml").unlink()

    assert told.code == 64
    assert hints.follow(fresh, told).code == 0
    identity = (fresh.root / "docbatch.yaml").read_text().partition("id: ")[2].split()[0].rstrip("}")
    project.write({"docbatch.yaml": SETTINGS.replace("pdevdevdev01", identity)})
    assert project.call("validate").code == 0


@helps("give it one by --var {}=VALUE or {}{}, or write one here")
def test_a_variable_without_a_value(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": ITSELF + "vars: {stage: }\n"})
    told = project.call("plan")

    assert told.code == 64
    hints.see(told)
    assert project.call("plan", "--var", "stage=x").code == 0


@helps("leave out --env, or make a plan for this environment: 'docbatch --env {} plan --out FILE'")
def test_a_plan_of_the_project_itself(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": ITSELF + SETTINGS})
    project.call("plan", "--out", "plan.json")
    told = project.call("apply", "--env", "dev", "--plan", "plan.json")

    assert told.code == 64
    assert hints.follow(project, told, FILE="other.json").code == 0
    assert project.call("apply", "--env", "dev", "--plan", "other.json").code == 0
    assert project.call("apply", "--plan", "plan.json").code == 0


@helps("apply it there: 'docbatch --env {} apply --plan FILE'")
def test_a_plan_of_another_environment(project: Project, hints: Hints) -> None:
    project.call("plan", "--env", "prod", "--out", "plan.json")
    told = project.call("apply", "--env", "dev", "--plan", "plan.json")

    assert told.code == 64
    assert hints.follow(project, told, FILE="plan.json").code == 0
    assert list(project.outputs()) == ["prod/a.txt.md"]


@helps(
    "give each as it was then, by --var NAME=VALUE or DOCBATCH_VAR_NAME, or make a new plan: 'docbatch plan --out FILE'"
)
def test_a_plan_with_another_value(project: Project, hints: Hints) -> None:
    project.write({"docbatch.yaml": ITSELF + "vars: {stage: none}\n"})
    project.call("plan", "--var", "stage=x", "--out", "plan.json")
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 64
    assert hints.follow(project, told, FILE="plan.json").code == 0
    assert project.call("apply", "--plan", "plan.json").code == 0


@helps("'{}' looks at no project, so leave out --env and --var")
def test_a_command_without_a_project(project: Project, hints: Hints) -> None:
    told = project.call("--env", "dev", "schema")

    assert told.code == 64
    hints.see(told)
    assert project.call("schema").code == 0
