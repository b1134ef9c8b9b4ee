"""A key goes to no host that only a file names: the connection and whoever runs the command must both say so."""

import pytest

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
