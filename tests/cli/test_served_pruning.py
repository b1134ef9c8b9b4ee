"""`docbatch drift` and `docbatch prune` of rows on a server: what is told, what goes, what comes back, and what is left alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from tests.cli.project import Project
from tests.cli.served_project import served_schema
from tests.sinks.postgres_server import PostgresSchema

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: in, include: "**/*.txt"}}
provider: local
sink:
  - {sink}
"""
TEXTS = {f"in/{name}.txt": f"text {name}" for name in "abcd"}
PLACE = "postgres:PG_DSN/{}.documents"


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresSchema]:
    with served_schema(monkeypatch) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, schema: PostgresSchema) -> Project:
    project = Project(tmp_path)
    project.write(TEXTS)
    declare(project, schema)
    project.applied()
    return project


def declare(project: Project, schema: PostgresSchema, name: str = "job", **options: object) -> None:
    sink = {"type": "postgres", "dsn": {"env": "PG_DSN"}, "schema": schema.name, **options}
    project.job(JOB.format(name=name, sink=json.dumps(sink)), name=name)


def removed(project: Project, *names: str) -> None:
    for name in names:
        (project.root / f"in/{name}.txt").unlink()
    project.applied()


def paths(schema: PostgresSchema, table: str = "documents") -> list[str]:
    return [path for (path,) in schema.execute(f"SELECT path FROM {table} ORDER BY job, path")]


def everything(schema: PostgresSchema) -> list[tuple[Any, ...]]:
    rows = schema.execute("SELECT documents::text FROM documents ORDER BY job, path")
    return rows + schema.execute("SELECT docbatch_delivered::text FROM docbatch_delivered ORDER BY 1")


def summary(project: Project, *arguments: str) -> dict[str, Any]:
    ended = project.call("prune", "--json", *arguments)
    assert ended.code == 0, ended.err
    return dict(ended.lines[-1])


def test_drift_tells_rows_that_were_changed_deleted_and_added(
    project: Project, schema: PostgresSchema
) -> None:
    assert "4 outputs looked at, all as they were written" in project.call("drift").out
    schema.execute("UPDATE documents SET text = 'edited' WHERE path = 'a.txt'")
    schema.execute("DELETE FROM documents WHERE path = 'b.txt'")
    schema.execute(
        "INSERT INTO documents (job, path, text) VALUES ('job', 'mine.txt', 'x'), ('mine', 'b.txt', 'x')"
    )

    told = project.call("drift", "--json")

    assert told.code == 2
    place = PLACE.format(schema.name)
    assert [(each["kind"], each["path"], each["job"], each["document"]) for each in told.lines[:-1]] == [
        ("altered", place, "job", "a.txt"),
        ("removed", place, "job", "b.txt"),
        ("added", place, "job", "mine.txt"),
    ]
    assert project.applied().processed == 0
    assert "4 outputs looked at: 1 added" in project.call("drift", "job").out


def test_rows_of_removed_documents_go_and_come_back_as_they_were(
    project: Project, schema: PostgresSchema
) -> None:
    schema.execute("ALTER TABLE documents ADD COLUMN note text")
    schema.execute("ALTER TABLE documents ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY")
    schema.execute("ALTER TABLE documents ADD COLUMN twice text GENERATED ALWAYS AS (path || path) STORED")
    schema.execute("UPDATE documents SET note = 'mine ' || path")
    removed(project, "a", "c")
    before = everything(schema)
    assert "rows of 2 documents that nothing wants any more are not compared" in project.call("drift").out

    told = project.call("prune", "--dry-run")
    assert f"would be removed: {PLACE.format(schema.name)} (job: a.txt): its document is gone" in told.out
    assert f"rows of 2 documents in {PLACE.format(schema.name)} would be moved to .docbatch/trash" in told.out
    assert everything(schema) == before
    assert summary(project)["removed"] == 2
    assert paths(schema) == ["b.txt", "d.txt"]
    assert len(schema.execute("SELECT path FROM docbatch_delivered")) == 2
    assert summary(project)["removed"] == 0
    assert project.call("plan", "--detailed-exitcode").code == 0

    assert "2 outputs put back" in project.call("prune", "--restore").out
    assert everything(schema) == before
    assert summary(project)["removed"] == 2
    project.write(TEXTS)
    assert project.applied().processed == 0
    assert paths(schema) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert "all as they were written" in project.call("drift").out


def test_what_somebody_changed_stays_and_is_named(project: Project, schema: PostgresSchema) -> None:
    removed(project, "a", "b", "c")
    schema.execute("UPDATE documents SET text = 'edited' WHERE path = 'a.txt'")
    schema.execute("DELETE FROM docbatch_delivered WHERE path = 'b.txt'")
    schema.execute("DELETE FROM documents WHERE path = 'c.txt'")

    told = project.call("prune")

    assert "(job: a.txt): it changed since docbatch wrote it" in told.out
    assert "(job: b.txt): docbatch's record in the database does not have it" in told.out
    assert paths(schema) == ["a.txt", "b.txt", "d.txt"]


def test_what_stands_there_by_now_is_not_replaced(project: Project, schema: PostgresSchema) -> None:
    removed(project, "a", "b")
    summary(project)
    schema.execute("INSERT INTO documents (job, path, text) VALUES ('job', 'a.txt', 'mine')")

    told = project.call("prune", "--restore")

    assert (
        f"stays in the trash: {PLACE.format(schema.name)} (a.txt): something else stands in its place"
        in told.out
    )
    assert "1 output put back" in told.out
    assert schema.execute("SELECT text FROM documents WHERE path = 'a.txt'") == [("mine",)]
    schema.execute("ALTER TABLE documents DROP COLUMN text")
    schema.execute("DELETE FROM documents WHERE path = 'a.txt'")
    assert "the table has other columns" in project.call("prune", "--restore").out
    assert (
        "1 prune and 0 other things"
        in project.call("prune", "--empty-trash", "--older-than", "0s", "--yes").out
    )


def test_rows_of_a_job_and_of_a_sink_that_are_gone_go_where_their_database_is_still_named(
    project: Project, schema: PostgresSchema
) -> None:
    declare(project, schema, name="other")
    project.applied()
    declare(project, schema, table="others")
    project.applied()
    assert [(each["why"], each["outputs"]) for each in summary(project)["jobs"]] == [("its sink is gone", 4)]
    assert paths(schema) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert len(paths(schema, "others")) == 4

    (project.root / "jobs/job.yaml").unlink()
    assert "is in no spec of jobs/; its outputs stay" in project.call("prune", "--dry-run").out
    project.applied()
    assert [(each["why"], each["outputs"]) for each in summary(project)["jobs"]] == [("its job is gone", 4)]
    assert paths(schema, "others") == []

    declare(project, schema, name="other", table="others", dsn={"env": "PG_OTHER"})
    told = project.call("prune", "--dry-run")
    assert "is left alone" not in told.out
    project.call("apply")
    left = "what the sink postgres holds of 4 documents is left alone: no sink that is declared names their database any more"
    assert left in project.call("prune", "--dry-run").out
    assert len(paths(schema)) == 4


def test_rows_that_the_job_writes_by_another_name_of_the_database_stay(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_OTHER", make_conninfo(schema.dsn, application_name="x"))
    declare(project, schema, name="other", table="others")
    declare(project, schema, dsn={"env": "PG_OTHER"})
    assert project.applied().processed == 0

    told = project.call("prune")

    assert "is left alone: the job writes there under another name of the database" in told.out
    assert len(paths(schema)) == 4


def test_a_job_that_is_renamed_loses_nothing_before_its_rows_are(
    project: Project, schema: PostgresSchema
) -> None:
    removed(project, "a")
    assert project.call("state", "mv", "job", "job", "uno").code == 0
    (project.root / "jobs/job.yaml").unlink()
    declare(project, schema, name="uno")
    for command in ("drift", "prune"):
        assert "its rows bear a former name of the job until 'docbatch apply'" in project.call(command).out
    assert len(paths(schema)) == 4

    project.write({"in/e.txt": "text e"})
    project.applied()
    assert project.call("drift").code == 0
    assert summary(project)["removed"] == 1
    assert paths(schema) == ["b.txt", "c.txt", "d.txt", "e.txt"]


def test_triggers_and_references_of_the_user_keep_rows(project: Project, schema: PostgresSchema) -> None:
    removed(project, "a", "b")
    schema.execute(
        "CREATE TABLE mine (job text, path text, FOREIGN KEY (job, path) REFERENCES documents (job, path))"
    )
    schema.execute("INSERT INTO mine VALUES ('job', 'a.txt')")
    told = project.call("prune")
    assert "(job: a.txt): the server does not let it go: " in told.out
    assert paths(schema) == ["a.txt", "c.txt", "d.txt"]

    schema.execute("DROP TABLE mine")
    schema.execute("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    schema.execute("CREATE TRIGGER no BEFORE DELETE ON documents FOR EACH ROW EXECUTE FUNCTION no()")
    told = project.call("prune")
    assert told.code == 1
    assert "a trigger of the table" in told.err
    assert paths(schema) == ["a.txt", "c.txt", "d.txt"]
    schema.execute("DROP TRIGGER no ON documents")
    body = f"BEGIN DELETE FROM {schema.name}.documents WHERE path = 'd.txt'; RETURN NULL; END"
    schema.execute(f"CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    schema.execute("CREATE TRIGGER more AFTER DELETE ON documents FOR EACH ROW EXECUTE FUNCTION more()")
    told = project.call("prune")
    assert (told.code, "changes rows of other documents" in told.err) == (1, True)
    assert paths(schema) == ["a.txt", "c.txt", "d.txt"]
    schema.execute("DROP TRIGGER more ON documents")
    assert summary(project)["removed"] == 1


def test_a_server_that_does_not_answer_is_told_and_the_rest_is_looked_at(
    project: Project, schema: PostgresSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    sinks = [
        {"type": "postgres", "dsn": {"env": "PG_DSN"}, "schema": schema.name},
        {"type": "files", "path": "out/{{ doc.path }}.md", "format": "markdown"},
    ]
    project.job(JOB.format(name="job", sink="\n  - ".join(map(json.dumps, sinks))))
    project.applied()
    removed(project, "a")
    (project.root / "out/b.txt.md").write_text("edited")
    monkeypatch.setenv("PG_DSN", make_conninfo(schema.dsn, port="1"))

    told = project.call("drift")
    assert (told.code, "altered: out/b.txt.md" in told.out) == (1, True)
    assert "Connection refused" in told.err
    told = project.call("prune")
    assert (told.code, "1 output, " in told.out) == (1, True)
    assert not (project.root / "out/a.txt.md").exists()
    monkeypatch.delenv("PG_DSN")
    assert project.call("drift").code == 12

    monkeypatch.setenv("PG_DSN", schema.dsn)
    assert summary(project)["removed"] == 1


def test_a_guard_counts_rows_and_one_asks_for_much(project: Project, schema: PostgresSchema) -> None:
    project.write({f"in/{number}.txt": f"text {number}" for number in range(20)})
    project.applied()
    removed(project, *map(str, range(12)))

    told = project.call("prune", "--yes")

    assert told.code == 6
    assert "12 of 24 outputs" in told.err
    assert summary(project, "--allow", "pruned")["removed"] == 12
