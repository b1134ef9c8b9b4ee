"""Hints about rows that a server keeps."""

import json

import pytest

from docbatch.sinks.postgres import server as asked
from tests.cli.project import Project
from tests.sinks.postgres_server import postgres_schema

from .table import Hints, helps

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: local
sink: [{sink}]
"""


@helps("job '{}': a sink gets its secret from a command, which is run by 'docbatch apply' alone")
def test_rows_that_a_plan_does_not_look_at(
    project: Project, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "WAITS", ())
    with postgres_schema() as schema:
        (project.root / "dsn").write_text(schema.dsn)
        sink = {"type": "postgres", "dsn": {"command": ["cat", "dsn"]}, "schema": schema.name}
        project.job(JOB.format(sink=json.dumps(sink)))
        project.write({"in/a.txt": "apple"})
        project.call("apply")
        schema.execute("DELETE FROM documents")

        ended = hints.follow(project, project.call("plan"))

        assert ended.code == 0
        assert schema.execute("SELECT path, text FROM documents") == [("a.txt", "apple")]
