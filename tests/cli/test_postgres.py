"""Jobs whose rows go to PostgreSQL, by the commands of a user: what is said, what ends how, and what never goes out."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from docbatch.core.errors import SinkError
from docbatch.engine.running.deliveries import documents_at_once
from docbatch.sinks.postgres import served_rows
from docbatch.sinks.postgres import server as asked
from tests.cli.project import Project
from tests.cli.served_project import served_schema
from tests.sinks.postgres_server import PASSWORD, PostgresSchema

JOB = """
apiVersion: docbatch/v1
name: {name}
labels: {{team: {team}}}
source: {{root: in, include: "**/*.txt"}}
provider: local
sink:
  - {sink}
"""
TEXTS = {"in/a.txt": "apple", "in/b.txt": "banana", "in/c.txt": "cherry"}


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresSchema]:
    with served_schema(monkeypatch) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(TEXTS)
    return project


def _declare(
    project: Project, schema: PostgresSchema, *, name: str = "job", team: str = "x", **options: object
) -> None:
    sink = {"type": "postgres", "dsn": {"env": "PG_DSN"}, "schema": schema.name, **options}
    project.job(JOB.format(name=name, team=team, sink=json.dumps(sink)), name=name)


def _texts(schema: PostgresSchema) -> dict[str, str]:
    return dict(schema.execute("SELECT job || ' ' || path, text FROM documents ORDER BY 1"))


def _due(project: Project, *arguments: str) -> set[tuple[str, int]]:
    plan = json.loads(project.call("plan", "--format", "json", *arguments).out)
    return {(line["reason"], line["documents"]) for line in plan["lines"] if line["kind"] == "deliver"}


def test_rows_are_planned_written_looked_after_and_written_again(
    project: Project, schema: PostgresSchema
) -> None:
    _declare(project, schema)
    assert project.call("validate").code == 0
    assert "send 3 documents" in project.call("plan").out
    assert schema.tables() == []

    assert "3 of 3 documents done" in project.call("apply").out
    assert _texts(schema) == {"job a.txt": "apple", "job b.txt": "banana", "job c.txt": "cherry"}
    assert project.call("plan", "--detailed-exitcode").code == 0

    schema.execute("UPDATE documents SET text = 'edited' WHERE path = 'a.txt'")
    schema.execute("DELETE FROM documents WHERE path = 'b.txt'")
    assert project.call("plan", "--detailed-exitcode").code == 2
    assert _due(project) == {("its output was edited", 1), ("its output is gone", 1)}
    assert "output in postgres a.txt: edited" in project.call("explain", "in/a.txt").out
    ended = project.applied()
    assert ended.processed == 0
    assert _texts(schema)["job a.txt"] == "apple"
    assert _texts(schema)["job b.txt"] == "banana"
    (kept,) = (project.root / ".docbatch/trash").glob("*.json")
    assert json.loads(kept.read_text())[0]["text"] == "edited"
    assert "output in postgres a.txt: as it was written" in project.call("explain", "in/a.txt").out


def test_labels_columns_and_a_sink_added_later_cost_nothing(project: Project, schema: PostgresSchema) -> None:
    _declare(project, schema)
    project.call("apply")
    for options in ({"team": "y"}, {"columns": {"text": "{{ row.text }}"}}, {"table": "others"}):
        _declare(project, schema, **options)
        assert project.applied().processed == 0
    assert schema.execute("SELECT DISTINCT labels FROM others") == [({"team": "x"},)]
    assert schema.tables() == ["docbatch_delivered", "documents", "others"]


def test_a_table_that_another_environment_writes_to_is_refused_before_anything_is_sent(
    project: Project, schema: PostgresSchema
) -> None:
    project.write(
        {
            "docbatch.yaml": "environments:\n  dev: {project: {id: pdevdevdev01}}\n"
            "  prod: {project: {id: pprodprod001}}\n"
        }
    )
    _declare(project, schema)
    project.applied("--env", "dev")
    project.write({"in/d.txt": "date"})

    for command in ("plan", "apply"):
        refused = project.call("--env", "prod", command)
        assert refused.code == 6
        assert "has rows of a job 'job' of another project, or of another environment" in refused.err
        assert "nothing was sent; give the job another name, the sink another table or schema" in refused.err
    assert project.call("--env", "prod", "status").out == "spool: 0 results, 0 B\n"
    assert project.applied("--env", "dev").processed == 1
    assert len(_texts(schema)) == 4


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("CREATE TABLE documents (job text, path text, PRIMARY KEY (job))", "has another key"),
        ("CREATE VIEW documents AS SELECT 1", "is no table"),
    ],
)
def test_a_table_that_cannot_hold_the_rows_is_refused_before_anything_is_sent(
    project: Project, schema: PostgresSchema, made: str, told: str
) -> None:
    schema.execute(made)
    _declare(project, schema)

    refused = project.call("apply")

    assert (refused.code, told in refused.err) == (6, True)
    assert "nothing was sent" in refused.err
    assert project.call("status").code == 0


def test_three_jobs_share_a_table_and_a_renamed_one_keeps_its_rows(
    project: Project, schema: PostgresSchema
) -> None:
    for name in ("one", "two", "three"):
        _declare(project, schema, name=name)
    assert project.call("apply").code == 0
    schema.execute("ALTER TABLE documents ADD COLUMN note text")
    schema.execute("UPDATE documents SET note = job")

    assert project.call("state", "mv", "job", "one", "uno").code == 0
    (project.root / "jobs/one.yaml").unlink()
    _declare(project, schema, name="uno")
    assert project.applied().processed == 0
    project.write({"in/d.txt": "date"})
    assert project.call("apply").code == 0

    found = schema.execute("SELECT job, count(*), min(note) FROM documents GROUP BY job ORDER BY job")
    assert found == [("three", 4, "three"), ("two", 4, "two"), ("uno", 4, "one")]
    assert project.call("plan", "--detailed-exitcode").code == 0


def test_failures_have_rows_while_they_stand(project: Project, schema: PostgresSchema) -> None:
    project.write({"in/b.txt": b"\x00\x01\x02" * 500})
    _declare(project, schema, failures=True)
    ended = project.call("apply")
    assert ended.code == 3, ended
    query = "SELECT path, outcome FROM documents ORDER BY path"
    assert dict(schema.execute(query)) == {"a.txt": "succeeded", "b.txt": "failed", "c.txt": "succeeded"}
    assert "says that it failed" in project.call("explain", "in/b.txt").out

    schema.execute("DELETE FROM documents WHERE path = 'b.txt'")
    project.call("apply")
    assert dict(schema.execute(query))["b.txt"] == "failed"

    project.write(TEXTS)
    assert project.call("apply").code == 0
    assert dict(schema.execute(query))["b.txt"] == "succeeded"
    assert project.call("plan", "--detailed-exitcode").code == 0


def test_what_was_written_before_the_server_went_away_is_recorded(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_rows, "WINDOW", 1)
    monkeypatch.setattr(documents_at_once, "STRETCH", 1)
    write, windows = asked.Server.write, []

    def failing(server: asked.Server, work: Callable[[asked.Cursor], object]) -> object:
        windows.append(work)
        if len(windows) == 2:
            raise SinkError("it went away")
        return write(server, work)

    monkeypatch.setattr(asked.Server, "write", failing)
    _declare(project, schema)
    ended = project.call("apply")
    assert ended.code == 1
    assert schema.execute("SELECT path FROM documents") == [("a.txt",)]
    assert "1 of 3 documents done, 2 not written" in ended.out

    project.applied()
    assert len(windows) == 4
    assert schema.execute("SELECT count(*) FROM documents") == [(3,)]


def test_a_server_that_is_away_stops_nothing_but_its_rows_and_says_so(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    sinks = [
        {"type": "postgres", "dsn": {"env": "PG_DSN"}, "schema": schema.name},
        {"type": "files", "path": "out/{{ doc.path }}.md", "format": "markdown"},
    ]
    project.job(JOB.format(name="job", team="x", sink="\n  - ".join(map(json.dumps, sinks))))
    monkeypatch.setenv("PG_DSN", make_conninfo(schema.dsn, port="1"))

    ended = project.call("apply")
    assert ended.code == 1
    assert "Connection refused" in ended.err
    assert "results are safe in the spool and nothing is paid again" in ended.err
    assert len(project.outputs()) == 3

    monkeypatch.setenv("PG_DSN", schema.dsn)
    assert project.applied().processed == 0
    assert len(_texts(schema)) == 3

    monkeypatch.setenv("PG_DSN", make_conninfo(schema.dsn, port="1"))
    planned = project.call("plan", "--detailed-exitcode")
    assert (planned.code, "outputs are not looked at" in planned.out) == (0, True)
    assert project.call("apply").code == 1
    project.write({"in/d.txt": "date"})
    ended = project.call("apply")
    assert ended.code == 1
    assert len(project.outputs()) == 4
    assert "not looked at" in project.call("explain", "in/a.txt").out

    monkeypatch.delenv("PG_DSN")
    ended = project.call("apply")
    assert ended.code == 12
    assert "PG_DSN, which is not set" in ended.err


def test_nothing_is_asked_and_no_command_run_by_who_only_looks(
    project: Project, schema: PostgresSchema
) -> None:
    script = project.root / "dsn.sh"
    script.write_text(f"#!/bin/sh\necho run >>{project.root}/ran\necho '{schema.dsn}'\n")
    script.chmod(0o755)
    _declare(project, schema, dsn={"command": ["./dsn.sh"]})
    ran = project.root / "ran"
    for command in ("validate", "plan", "status"):
        assert project.call(command).code in {0, 10}
    assert not ran.exists()
    assert project.call("apply").code == 0
    # Once to see whose the new table is, once to write.
    assert ran.read_text() == "run\n" * 2
    schema.execute("DELETE FROM documents")

    planned = project.call("plan")
    assert "which is run by 'docbatch apply' alone" in planned.out
    assert ran.read_text() == "run\n" * 2
    assert project.applied().processed == 0
    assert len(_texts(schema)) == 3

    _declare(project, schema)
    project.call("apply")
    for option in ("--offline", "--untrusted"):
        schema.execute("DELETE FROM documents")
        assert not any(reason != "the sink is new" for reason, _ in _due(project, option))
    assert "where its rows lie is not looked at" in project.call("plan", "--offline").out


def test_the_address_is_nowhere_but_where_it_is_declared(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(project, schema)
    said = [project.call("apply", "--log-file", "run.log"), project.call("-v", "plan", "--format", "json")]
    monkeypatch.setenv("PG_DSN", f"postgresql://owner:{PASSWORD}@127.0.0.1:1/x")
    said += [project.call("-v", "plan"), project.call("-v", "apply")]
    monkeypatch.setenv("PG_DSN", f"postgresql://owner:{PASSWORD}@[::1/x")
    said.append(project.call("-v", "apply", "--json"))
    files = [each.read_bytes() for each in project.root.rglob("*") if each.is_file()]

    assert not any(PASSWORD in text for ended in said for text in (ended.out, ended.err))
    assert not any(
        PASSWORD.encode() in content or os.environ["PG_DSN"].encode() in content for content in files
    )


def test_an_address_in_the_spec_a_missing_package_and_a_typo_are_told(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(project, schema, dsn="postgresql://u:s3cr3t@h/x")
    told = project.call("validate")
    assert (told.code, "a DSN is never written into a file" in told.err) == (64, True)
    assert "s3cr3t" not in told.err
    _declare(project, schema, table="docbatch_delivered")
    assert "give the rows another table" in project.call("validate").err
    _declare(project, schema, tabel="x")
    assert "did you mean table?" in project.call("validate").err
    _declare(project, schema, table="x" * 64)
    assert project.call("validate").code == 64

    _declare(project, schema)
    monkeypatch.setattr("docbatch.specs.resolve.find_spec", lambda _name: None)
    ended = project.call("apply")
    assert ended.code == 64
    assert "pip install 'docbatch[postgres]'" in ended.err
