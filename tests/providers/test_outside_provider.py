"""A whole provider in one file: registered while docbatch runs, it can do what one of docbatch's own can."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from docbatch.engine.administration.webhook_connections import find_webhook_connections
from docbatch.engine.connections.accesses import accesses
from docbatch.providers import REGISTRY
from docbatch.providers.extend.webhook import WEBHOOK
from docbatch.providers.kind import EmulatorKind, Service
from docbatch.specs.load import load_project
from docbatch.specs.values import Connection
from tests.cli.project import Project
from tests.fake import outside

JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: shout
config: {marks: 3}
sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""
SERVICE = Service("SHOUT_API_KEY", "SHOUT_BASE_URL")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    made.job(JOB)
    made.write({"in/a.txt": "apple", "in/b.txt": "berry", "in/c.txt": "cherry"})
    with REGISTRY.added(outside.KIND):
        yield made


def test_it_is_one_small_file() -> None:
    lines = Path(outside.__file__).read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 60


def test_its_documents_are_sent_once_and_delivered(project: Project) -> None:
    planned = project.call("plan").out
    first, second = project.applied(), project.applied()

    assert "Will send 3 documents, 16 B, to 'shout': free of charge." in planned
    assert (first.processed, second.processed) == (3, 0)
    assert project.outputs() == {
        "a.txt.md": b"# APPLE!!!\n",
        "b.txt.md": b"# BERRY!!!\n",
        "c.txt.md": b"# CHERRY!!!\n",
    }
    assert project.call("explain", "in/a.txt").out.startswith(
        "a.txt in job 'job' is done; it will not be sent\n"
    )


def test_a_changed_option_is_a_new_item_and_explained_as_one(project: Project) -> None:
    project.applied()
    project.job(JOB.replace("3", "1"))

    assert "config.marks: 3 -> 1" in project.call("explain", "in/a.txt").out
    assert project.applied().processed == 3


def test_its_options_are_judged_by_its_own_model(project: Project) -> None:
    project.job(JOB.replace("marks", "mraks"), "job")
    misspelt = project.call("validate")
    project.job(JOB.replace("provider: shout", "provider: shuot"), "job")
    unknown = project.call("validate")
    project.job(f"{JOB}operation: extract\n")
    impossible = project.call("validate")

    assert (misspelt.code, unknown.code, impossible.code) == (64, 64, 64)
    assert "config.mraks: the key mraks is not known (did you mean marks?)" in misspelt.err
    assert "there is no connection shuot (did you mean shout?)" in unknown.err
    assert "shout cannot extract (it can parse)" in impossible.err


def test_a_connection_can_be_of_its_type(project: Project) -> None:
    project.write({"docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {loud: {type: shout}}\n"})
    project.job(JOB.replace("provider: shout", "provider: loud"))
    assert project.applied().processed == 3

    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {loud: {type: shuot, api_key: {env: A}}}\n"
        }
    )
    assert (
        "this must be one of local, extend, llamacloud, extractpage, shout (did you mean shout?)"
        in project.call("validate").err
    )

    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {loud: {type: shout, api_key: {env: A}}}\n"
        }
    )
    assert "providers.loud.api_key: Shout has no api_key" in project.call("validate").err


def test_it_is_listed_and_described(project: Project) -> None:
    told = project.call("providers").out.partition("shout\n")[2]
    described = json.loads(project.call("schema", "job").out)
    job = Draft202012Validator(described)
    declared = Draft202012Validator(json.loads(project.call("schema", "project").out))
    spec = {
        "apiVersion": "docbatch/v1",
        "name": "job",
        "source": {"include": "*"},
        "provider": "shout",
        "sink": [{"type": "jsonl", "path": "out/all"}],
    }

    assert "operations: parse" in told
    assert job.is_valid({**spec, "config": {"marks": 9}})
    assert not job.is_valid({**spec, "config": {"marks": 10}})
    assert not job.is_valid({**spec, "operation": "extract"})
    assert not job.is_valid({**spec, "source": {"file_ids": ["file_1"]}})
    assert "shout" in described["else"]["properties"]["provider"]["description"]
    assert declared.is_valid({"project": {"id": "pabcdef012345"}, "providers": {"loud": {"type": "shout"}}})


def test_other_processes_are_not_asked_to_read_its_results(tmp_path: Path) -> None:
    connections = [Connection("shout", "shout"), Connection("local", "local")]
    with REGISTRY.added(outside.KIND):
        found = list(accesses(connections, tmp_path, tmp_path, lambda: None))

    assert [access.kind for access in found] == [None, "local"]


def test_as_a_service_it_has_a_key_a_project_an_emulator_and_webhooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    project.job(JOB)
    emulator = EmulatorKind(8499, "docbatch.emulators.extractpage.service:rehearsed")
    webhook = replace(WEBHOOK, variable="SHOUT_WEBHOOK_SECRET")
    service = replace(SERVICE, emulator=emulator, webhook=lambda: webhook)
    monkeypatch.setenv("SHOUT_WEBHOOK_SECRET", "planted-secret-0123456789")
    with REGISTRY.added(replace(outside.KIND, service=service)):
        without_id = project.call("validate")
        project.write(
            {
                "docbatch.yaml": "project: {id: pabcdef012345}\nproviders: {shout: {api_key: {env: A}, workspace: a}}\n"
            }
        )
        judged = project.call("validate")
        project.write({"docbatch.yaml": "project: {id: pabcdef012345}\n"})
        shown = project.call("emulate", "shout", "--port", "0", "--", "true")
        helped = project.call("emulate", "--help")
        (receiver,) = find_webhook_connections(load_project(tmp_path))

    assert "shout needs a docbatch.yaml with a project id" in without_id.err
    assert "providers.shout.workspace: Shout has no workspaces" in judged.err
    assert "api_key" not in judged.err
    assert "Shout is emulated at http://127.0.0.1:" in shown.out
    assert "export SHOUT_API_KEY=" in shown.out
    assert "{extend|llamacloud|extractpage|shout}" in helped.out
    assert (receiver.connection, receiver.webhook) == ("shout", webhook)
