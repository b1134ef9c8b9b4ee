"""Two projects that have a job of one name, and write to one table or data set: neither loses the rows of the other."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from tests.cli.project import Project

KINDS = {
    "sqlite": 'type: sqlite, columns: {text: "{{ row.text }}"}',
    "undeclared rows": "type: sqlite",
    "duckdb": "type: duckdb",
    "parquet": "type: parquet",
}
IDS = ("pabcdefghijkl", "pzyxwvutsrqpo")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def two(tmp_path: Path, kind: str) -> tuple[Project, Project]:
    made = []
    for name, project_id in zip(("one", "two"), IDS, strict=True):
        folder = tmp_path / name
        folder.mkdir()
        project = Project(folder)
        project.write({"docbatch.yaml": f"project: {{id: {project_id}}}\n", "in/a.txt": f"of {name}"})
        declare(project, kind)
        made.append(project)
    return made[0], made[1]


def place(project: Project) -> Path:
    return project.root.parent / "shared/all"


def declare(project: Project, kind: str, name: str = "job") -> None:
    (project.root / "jobs/job.yaml").unlink(missing_ok=True)
    project.job(
        f'apiVersion: docbatch/v1\nname: {name}\nsource: {{root: in, include: "**/*"}}\nprovider: local\n'
        f"sink:\n  - {{path: {place(project)}, {KINDS[kind]}}}\n"
        f'  - {{type: files, path: "beside/{{{{ doc.path }}}}.md"}}\n'
    )


def rows(project: Project, kind: str) -> list[tuple[str, str]]:
    query = "SELECT job, trim(text, chr(10)) FROM {} ORDER BY job, text"
    at = place(project)
    if kind == "parquet":
        with duckdb.connect() as database:
            return database.execute(query.format(f"'{at}/*.parquet'")).fetchall()
    if kind == "duckdb":
        with duckdb.connect(at, read_only=True) as database:
            return database.execute(query.format("documents")).fetchall()
    with closing(sqlite3.connect(at)) as opened:
        return opened.execute(query.format("documents").replace("chr", "char")).fetchall()


def test_a_job_of_the_same_name_is_refused_and_one_of_another_is_not(
    two: tuple[Project, Project], kind: str
) -> None:
    one, other = two
    one.applied()

    refused = other.call("apply", "--allow", "shared")

    assert refused.code == 6
    assert "rows of a job 'job' of another project" in refused.err
    assert rows(one, kind) == [("job", "of one")]

    declare(other, kind, "another")
    assert other.call("apply", "--allow", "shared").code == 0
    assert rows(one, kind) == [("another", "of two"), ("job", "of one")]
    for project in two:
        assert "Nothing is due" in project.call("plan").out


def test_what_the_other_wrote_first_is_the_trouble_of_that_sink(
    two: tuple[Project, Project], kind: str
) -> None:
    one, other = two
    one.applied()
    aside = place(one).with_name("aside")
    place(one).rename(aside)
    assert other.call("apply", "--allow", "shared").code == 0
    other.write({"in/b.txt": "more of two"})

    ended = one.call("apply")

    assert ended.code == 1
    assert "of another project" in ended.err
    assert rows(one, kind) == [("job", "of two")]
    assert set(one.outputs("beside")) == {"a.txt.md"}


@pytest.mark.parametrize("new", ["new", "another"])
def test_what_is_left_of_one_is_not_pruned_with_rows_of_the_other(
    two: tuple[Project, Project], kind: str, new: str
) -> None:
    one, other = two
    declare(other, kind, "another")
    assert other.call("apply").code == 0
    assert one.call("apply", "--allow", "shared").code == 0
    (one.root / "jobs/job.yaml").unlink()
    # A job that one has as well, and that writes elsewhere, makes none of these rows one's own.
    one.job(
        f'apiVersion: docbatch/v1\nname: {new}\nsource: {{root: in, include: "**/*"}}\nprovider: local\n'
        'sink: [{type: files, path: "beside/{{ doc.path }}.md"}]\n',
        "new",
    )
    one.applied()

    told = one.call("prune", "--yes")

    assert ("another", "of two") in rows(other, kind)
    if kind == "parquet":
        assert rows(one, kind) == [("another", "of two")]
        assert "1 output put back" in one.call("prune", "--restore").out
    else:
        assert "rows of a job of another project" in told.out + told.err
    assert rows(one, kind) == [("another", "of two"), ("job", "of one")]
    other.applied()
    assert other.call("drift").code == 0


def test_a_project_without_an_id_is_told_apart_from_one_that_has_one(
    two: tuple[Project, Project], kind: str
) -> None:
    one, other = two
    (other.root / "docbatch.yaml").unlink()
    assert other.call("apply").code == 0
    one.write({"in/b.txt": "more"})

    # What nobody says whose it is goes to who says it.
    assert one.call("apply", "--allow", "shared").code == 0
    refused = other.call("plan")

    assert "of another project" in refused.out
    assert rows(one, kind) == [("job", "more"), ("job", "of one")]
