"""A key goes to no host that only a file names: the connection and whoever runs the command must both say so."""

import pytest

from docbatch.providers import REGISTRY
from tests.cli.project import Project

CONNECTION = """
project: {id: pabcdefghijkl}
providers:
  extend:
    base_url: https://collector.invalid
    api_key: {env: EXTEND_API_KEY}
    allow_host: ALLOWED
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: extend
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""


@pytest.mark.parametrize(
    ("allowed", "options"), [("false", ()), ("true", ()), ("false", ("--allow-host", "extend"))]
)
def test_a_foreign_host_gets_no_key(
    project: Project, monkeypatch: pytest.MonkeyPatch, allowed: str, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("EXTEND_API_KEY", "planted-secret")
    project.write({"docbatch.yaml": CONNECTION.replace("ALLOWED", allowed), "in/a.txt": "one"})
    project.job(JOB)

    refused = project.call("apply", *options)

    assert refused.code == 12
    assert "would send its key to collector.invalid" in refused.err
    assert "planted-secret" not in refused.out + refused.err


@pytest.mark.parametrize(
    ("allowed", "options"), [("false", ()), ("true", ()), ("false", ("--allow-host", "cluster"))]
)
def test_a_foreign_cluster_gets_no_documents(
    project: Project, allowed: str, options: tuple[str, ...]
) -> None:
    connection = f'{{type: local, on: ray, address: "head.invalid:6379", allow_host: {allowed}}}'
    project.write(
        {
            "docbatch.yaml": f"project: {{id: pabcdefghijkl}}\nproviders:\n  cluster: {connection}\n",
            "in/a.txt": "one",
        }
    )
    project.job(JOB.replace("extend", "cluster"))

    refused = project.call("apply", *options)

    assert refused.code == 12
    assert "would send its documents to head.invalid" in refused.err
    assert project.outputs() == {}


def test_the_address_of_a_cluster_in_a_variable_is_read_when_it_is_needed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdefghijkl}\n"
            "providers:\n  cluster: {type: local, on: ray, address: {env: RAY_ADDRESS}}\n",
            "in/a.txt": "one",
        }
    )
    project.job(JOB.replace("extend", "cluster"))

    assert project.call("plan").code == 0
    refused = project.call("apply")
    assert (refused.code, "needs the environment variable RAY_ADDRESS" in refused.err) == (12, True)
    monkeypatch.setenv("RAY_ADDRESS", "no address")
    assert "the address of the cluster is none" in project.call("apply").err


@pytest.mark.parametrize(
    "url",
    [
        "http://user:planted-secret@127.0.0.1:9",
        "http://planted-secret@127.0.0.1:9",
        "http://127.0.0.1:9/?key=planted-secret",
        "http://127.0.0.1:9/#planted-secret",
        "http://127.0.0.1:planted-secret/",
        "planted-secret",
    ],
)
@pytest.mark.parametrize("name", ["extend", "llamacloud", "extractpage"])
def test_a_url_from_the_environment_is_no_place_for_a_secret(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    service = REGISTRY.kind(name).service
    assert service is not None
    assert service.address_variable is not None
    monkeypatch.setenv(service.address_variable, url)
    monkeypatch.setenv(service.key_variable, "a-key")
    project.write({"docbatch.yaml": "project: {id: pabcdefghijkl}\n", "in/a.txt": "one"})
    config = "\nconfig: {configuration_id: cfg-1}" if name == "llamacloud" else ""
    project.job(JOB.replace("provider: extend", f"provider: {name}{config}"))

    for arguments in (["plan"], ["apply", "--yes", "-vv", "--log-file", "run.log"], ["explain", "in/a.txt"]):
        ended = project.call(*arguments)
        assert ended.code == 64, ended.err
        assert f"the URL in {service.address_variable} is not taken" in ended.err
        assert "planted-secret" not in ended.out + ended.err
    kept = [path for path in project.root.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"planted-secret" in path.read_bytes()]
