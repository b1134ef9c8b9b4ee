"""Environments of docbatch.yaml: laid over what stands above them, chosen, and kept apart from each other."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.errors import EnvironmentNeeded, SpecError, UsageError
from docbatch.naming.templates import TemplateError, doc_fields
from docbatch.specs.chosen_environment import Choice
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.size import OWN
from docbatch.specs.values import DeclaredProject, Job

PROJECT = """
    vars: {stage: none, region: eu}
    limits: [{per: month, money: 50 USD}, {per: run, documents: 100}]
    defaults: {priority: 20}
    providers:
      extend: {base_url: "https://api.extend.ai", rates: {in_flight: 4, requests_per_second: 2}}
    environments:
      dev:
        project: {id: pdevdevdev01}
        vars: {stage: dev}
        limits: [{per: run, documents: 5}]
      prod:
        project: {id: pprodprod001}
        vars: {stage: prod}
        providers:
          extend: {base_url: "http://127.0.0.1:9", rates: {in_flight: 8}}
"""
JOB = """
    apiVersion: docbatch/v1
    name: {name}
    source: {{root: in, include: "**"}}
    sink: [{{type: files, path: "{path}", format: markdown}}]
"""
BY_STAGE = "out/{{ vars.stage }}/{{ doc.path }}.md"


def write(root: Path, project: str = PROJECT, **jobs: str) -> None:
    (root / "jobs").mkdir(exist_ok=True)
    (root / "docbatch.yaml").write_text(textwrap.dedent(project))
    for name, text in jobs.items():
        (root / "jobs" / f"{name}.yaml").write_text(textwrap.dedent(text))


def job(name: str = "a", path: str = BY_STAGE) -> str:
    return JOB.format(name=name, path=path)


def loaded(root: Path, environment: str | None = None, **variables: str) -> DeclaredProject:
    return load_project(root, choice=Choice(environment, variables))


def jobs_of(root: Path, environment: str | None = None, **variables: str) -> tuple[Job, ...]:
    return load_jobs(loaded(root, environment, **variables))


def told(root: Path, environment: str | None = None, *, everywhere: bool = False) -> Sequence[str]:
    """Return what is wrong with the jobs of a project, without the folder it lies in."""
    try:
        load_jobs(loaded(root, environment), in_every_environment=everywhere)
    except SpecError as error:
        return [str(each) for each in error.problems]
    return []


def test_mappings_are_laid_over_key_by_key_and_lists_are_replaced(tmp_path: Path) -> None:
    write(tmp_path)
    dev, prod = loaded(tmp_path, "dev"), loaded(tmp_path, "prod")

    assert (dev.id, prod.id) == ("pdevdevdev01", "pprodprod001")
    assert dev.variables == {"stage": "dev", "region": "eu"}
    assert [limit.most for limit in dev.limits] == [5]
    assert len(prod.limits) == 2
    assert dev.connections["extend"].base_url == "https://api.extend.ai"
    extend = prod.connections["extend"]
    assert (extend.base_url, extend.rates.in_flight, extend.rates.requests_per_second) == (
        "http://127.0.0.1:9",
        8,
        2,
    )
    assert dev.defaults.priority == prod.defaults.priority == 20


def test_each_has_a_state_folder_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, f"    project: {{id: pbasebase001}}{PROJECT}")

    assert loaded(tmp_path).state_folder == tmp_path / ".docbatch"
    assert loaded(tmp_path, "dev").state_folder == tmp_path / ".docbatch/env/dev"


def test_one_has_to_be_named_where_the_project_has_no_id_itself(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(EnvironmentNeeded, match="this project has environments: dev, prod") as error:
        loaded(tmp_path)

    assert error.value.environments == ("dev", "prod")
    assert error.value.exit_code == 64
    assert "docbatch --env dev plan" in str(error.value.hint)


@pytest.mark.parametrize(
    ("project", "name", "hint"),
    [
        (PROJECT, "pord", "did you mean prod?"),
        (PROJECT, "x\n::error::", "there are dev, prod"),
        ("    project: {id: pbasebase001}\n", "prod", "declare it under environments: in docbatch.yaml"),
        ("", "prod", "declare it under environments: in docbatch.yaml"),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, project: str, name: str, hint: str) -> None:
    write(tmp_path, project)
    if not project:
        (tmp_path / "docbatch.yaml").unlink()
    with pytest.raises(UsageError, match="there is no environment '") as error:
        loaded(tmp_path, name)

    assert "\n" not in error.value.message
    assert hint in str(error.value.hint)


def test_what_is_wrong_in_an_environment_is_told_whichever_is_chosen_at_its_own_line(tmp_path: Path) -> None:
    broken = PROJECT.replace("rates: {in_flight: 8}", "rates: {in_flight: 0}")
    write(tmp_path, broken)
    with pytest.raises(SpecError) as error:
        loaded(tmp_path, "dev")

    (problem,) = error.value.problems
    assert (problem.line, problem.where) == (16, "environments.prod.providers.extend.rates.in_flight")


def test_what_is_wrong_above_all_environments_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, PROJECT.replace("priority: 20", "priority: 200"))
    with pytest.raises(SpecError) as error:
        loaded(tmp_path, "dev")

    assert [each.where for each in error.value.problems] == ["defaults.priority"]


def test_values_from_outside_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setenv("DOCBATCH_VAR_region", "us")
    monkeypatch.setenv("DOCBATCH_VAR_REGION", "not this one")
    monkeypatch.setenv("DOCBATCH_VAR_stage", "by variable")
    monkeypatch.setenv("DOCBATCH_VAR_other", "of another project")

    assert loaded(tmp_path, "dev").variables == {"stage": "by variable", "region": "us"}
    assert loaded(tmp_path, "dev", stage="given").variables["stage"] == "given"
    assert loaded(tmp_path, "dev", stage="given").environment.outside == {"stage": "given", "region": "us"}


def test_a_variable_without_a_value_has_to_be_given_one(tmp_path: Path) -> None:
    project = "    project: {id: pbasebase001}\n    vars: {customer: }\n"
    write(tmp_path, project, a=job(path="out/{{ vars.customer }}/{{ doc.path }}.md"))

    (problem,) = told(tmp_path)
    assert problem.startswith("docbatch.yaml:2:")
    assert "the variable customer has no value" in problem
    assert "--var customer=VALUE or DOCBATCH_VAR_customer" in problem
    (found,) = jobs_of(tmp_path, customer="acme")
    place = found.sinks[0].place
    assert place is not None
    assert str(place.root).endswith("out/acme")


@pytest.mark.parametrize(
    ("given", "said", "hint"),
    [
        ({"stgae": "x"}, "there is no variable 'stgae'", "did you mean stage?"),
        ({"a\x1b[2J": "x"}, "there is no variable 'a", "declared are stage, region"),
        ({"stage": "a\nb"}, "the value given for the variable stage has a line break", None),
        ({"stage": "x" * 1001}, "is longer than 1,000 characters", None),
        ({"stage": "\udcff"}, "is no text in UTF-8", None),
    ],
)
def test_what_cannot_be_given_is_refused(
    tmp_path: Path, given: dict[str, str], said: str, hint: str | None
) -> None:
    write(tmp_path)
    with pytest.raises(UsageError) as error:
        loaded(tmp_path, "dev", **given)

    assert said in error.value.message
    assert "\x1b" not in error.value.message
    assert hint is None or hint in str(error.value.hint)


LEAVING = [
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "../..", "leads out of out"),
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "..", "leads out of out"),
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "a/../../../b", "leads out of out"),
    ("out/x-{{ vars.stage }}/{{ doc.path }}.md", "/../../b", "leads out of out"),
    ("{{ vars.stage }}/{{ doc.path }}.md", "/etc", "leads out of the project"),
    ("{{ vars.stage }}/{{ doc.path }}.md", "../x", "leads out of the project"),
    ("{{ job.name }}/{{ vars.stage }}/{{ doc.path }}.md", "..", "leads out of {{ job.name }}"),
    ("{{ vars.region }}/{{ vars.stage }}/{{ doc.path }}.md", "..", "leads out of eu"),
]
STAYING = [
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "/etc", "out/etc"),
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "a/../b", "out/b"),
    ("out/{{ vars.stage }}/{{ doc.path }}.md", "a/b", "out/a/b"),
]


@pytest.mark.parametrize(("path", "value", "said"), LEAVING)
def test_a_value_from_outside_leads_no_output_out_of_its_folder(
    tmp_path: Path, path: str, value: str, said: str
) -> None:
    write(tmp_path, a=job(path=path))
    with pytest.raises(SpecError) as error:
        jobs_of(tmp_path, "dev", stage=value)

    (problem,) = [each for each in error.value.problems if "value given" in each.message]
    assert said.replace("{{ job.name }}", "x") in problem.message


@pytest.mark.parametrize(("path", "value", "place"), STAYING)
def test_a_value_from_outside_may_have_several_steps(
    tmp_path: Path, path: str, value: str, place: str
) -> None:
    write(tmp_path, a=job(path=path))
    (found,) = jobs_of(tmp_path, "dev", stage=value)

    assert found.sinks[0].place is not None
    assert found.sinks[0].place.root == tmp_path / place


def test_what_follows_a_document_in_a_path_is_judged_with_it(tmp_path: Path) -> None:
    write(tmp_path, a=job(path="out/{{ doc.stem }}/{{ vars.stage }}/a.md"))
    (found,) = jobs_of(tmp_path, "dev", stage="../../..")
    place = found.sinks[0].place

    assert place is not None
    with pytest.raises(TemplateError, match="leaves its folder"):
        place.output(doc_fields(b"a.txt", sha256="0" * 64, size=1))


def test_a_folder_that_is_a_store_is_not_left_either(tmp_path: Path) -> None:
    stores = '    stores: {disk: {type: folder, path: "lake/{{ vars.stage }}"}}\n'
    write(
        tmp_path,
        stores + PROJECT.removeprefix("\n"),
        a=job(path="out/{{ doc.path }}.md").replace("type: files", "type: files, store: disk"),
    )

    assert jobs_of(tmp_path, "dev", stage="x")
    with pytest.raises(SpecError, match="leads out of lake"):
        jobs_of(tmp_path, "dev", stage="../..")


def test_two_environments_that_write_one_output_are_refused(tmp_path: Path) -> None:
    write(tmp_path, a=job(), b=job("b", "out/{{ doc.path }}.json"), c=job("c", "out/dev/{{ doc.name }}"))
    found = told(tmp_path, "dev")

    assert [each.partition(":")[0].rpartition("/")[2] for each in found] == ["a.yaml", "b.yaml"] or found
    assert any("environment dev and environment prod would write to one place" in each for each in found)
    assert all("{{ vars.stage }}" in each for each in found)


def test_a_manifest_counts_as_an_output(tmp_path: Path) -> None:
    write(tmp_path, a=job() + "    manifest: true\n")

    (problem,) = told(tmp_path, "prod")
    assert "manifest: environment prod and environment dev would write to one place" in problem


def test_the_project_itself_counts_as_one(tmp_path: Path) -> None:
    write(tmp_path, f"    project: {{id: pbasebase001}}{PROJECT}", a=job())
    assert told(tmp_path) == []

    (problem,) = told_with(tmp_path, "dev")
    assert "the project itself and environment dev would write to one place" in problem


def told_with(root: Path, stage: str) -> Sequence[str]:
    """Return what is wrong where the stage comes from outside."""
    try:
        load_jobs(loaded(root, stage=stage))
    except SpecError as error:
        return [str(each) for each in error.problems]
    return []


def test_outputs_that_another_environment_would_read_are_refused(tmp_path: Path) -> None:
    reading = job().replace(
        '{root: in, include: "**"}', '{include: "**/*.md", exclude: "out/{{ vars.stage }}/**"}'
    )
    write(tmp_path, a=reading)
    (problem,) = told(tmp_path, "dev")

    assert "in environment dev an output such as out/dev/x.md.md would be read as a document" in problem
    assert "by the source of job a in environment prod" in problem
    write(tmp_path, a=reading.replace("out/{{ vars.stage }}/**", "out/**"))
    assert told(tmp_path, "dev") == []


def test_validating_tells_of_jobs_that_another_environment_cannot_have(tmp_path: Path) -> None:
    only_prod = PROJECT.replace(
        "          extend: {base_url", "          eu: {type: extend}\n          extend: {base_url"
    )
    write(tmp_path, only_prod, a=job() + "    provider: eu\n")

    assert told(tmp_path, "prod") == []
    (problem,) = told(tmp_path, "prod", everywhere=True)
    assert "in environment dev: there is no connection eu" in problem


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("out/{{ vars.stage }}/{{ doc.name }}", 0),
        ("out/{{ vars.stage }}-{{ doc.name }}", 1),
        ("out/{{ doc.name }}/a", 1),
    ],
)
def test_a_folder_of_keys_belongs_to_one_environment(tmp_path: Path, path: str, number: int) -> None:
    stores = "    stores: {lake: {type: s3, bucket: docs, region: eu-central-1}}\n"
    stored = job(path=path).replace("type: files", "type: files, store: lake")
    write(tmp_path, stores + PROJECT.removeprefix("\n"), a=stored)

    assert len(told(tmp_path, "dev")) == number


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"everywhere": 3}, "2 jobs in 2 environments are more than 3 together"),
        ({"compared": 3}, "the outputs of 2 jobs in 2 environments are too many to compare"),
    ],
)
def test_what_is_compared_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int], message: str
) -> None:
    path = "out/{{ doc.name }}-{{ vars.stage }}-{{ job.name }}.md"
    write(tmp_path, PROJECT, a=job("a", path), b=job("b", path))
    assert len(jobs_of(tmp_path, "dev")) == 2

    monkeypatch.setattr("docbatch.specs.apart.OWN", replace(OWN, **bounds))

    assert [message in each for each in told(tmp_path, "dev")] == [True]


def test_outputs_of_one_environment_are_not_compared_with_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.specs.apart.OWN", replace(OWN, compared=0))
    path = "out/{{ vars.stage }}/{{ doc.name }}-{{ job.name }}.md"
    write(tmp_path, PROJECT, a=job("a", path), b=job("b", path), c=job("c", path))
    assert len(jobs_of(tmp_path, "dev")) == 3
