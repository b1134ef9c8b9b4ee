"""`docbatch drift`: outputs compared with what the state knows of them."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.state.store import Store
from tests.cli.project import JOB, Project

SINKS = """
  - {type: jsonl, path: lists/all.jsonl}
  - {type: sqlite, path: lists/all.db}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({f"in/{name}.txt": f"text {name}" for name in "abcd"})
    made.job(JOB + SINKS.lstrip("\n"))
    made.applied()
    return made


def differences(project: Project, *arguments: str) -> list[tuple[str, str]]:
    before = (project.root / ".docbatch/state.db").read_bytes()
    ended = project.call("drift", "--json", *arguments)
    *found, summary = ended.lines
    assert summary["exit_code"] == ended.code == (2 if found else 0), ended.err
    assert (project.root / ".docbatch/state.db").read_bytes() == before
    return [(each["kind"], each["path"]) for each in found]


def test_each_difference_is_named(project: Project) -> None:
    assert differences(project) == []
    (project.root / "out/a.txt.md").write_text("edited")
    (project.root / "out/b.txt.md").unlink()
    (project.root / "out/c.txt.md").rename(project.root / "out/moved.md")
    project.write({"out/new.md": "new", "lists/all.jsonl": "cut"})

    assert sorted(differences(project)) == [
        ("added", "out/new.md"),
        ("altered", "lists/all.jsonl"),
        ("altered", "out/a.txt.md"),
        ("moved", "out/c.txt.md"),
        ("removed", "out/b.txt.md"),
    ]
    assert "moved: out/c.txt.md to out/moved.md (job: c.txt)" in project.call("drift").out


def test_one_that_was_copied_and_removed_was_moved(project: Project) -> None:
    shutil.copyfile(project.root / "out/c.txt.md", project.root / "out/copy.md")
    (project.root / "out/c.txt.md").unlink()

    assert differences(project) == [("moved", "out/c.txt.md")]


def test_the_same_bytes_with_other_times_are_no_difference(project: Project) -> None:
    os.utime(project.root / "out/a.txt.md", (1, 1))
    copy = project.root / "out/copy"
    shutil.copyfile(project.root / "out/b.txt.md", copy)
    copy.replace(project.root / "out/b.txt.md")

    assert differences(project) == []
    assert "2 only have other times" in project.call("drift").out


def test_what_looks_as_it_was_left_is_found_by_reading_it(project: Project) -> None:
    path = project.root / "out/a.txt.md"
    status = path.stat()
    path.write_bytes(path.read_bytes().swapcase())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert differences(project) == []
    assert differences(project, "--deep") == [("altered", "out/a.txt.md")]


def test_what_stands_in_an_output_s_place_is_told(project: Project) -> None:
    for name, make in (("a", lambda path: path.symlink_to("b.txt.md")), ("b", Path.mkdir), ("c", os.mkfifo)):
        path = project.root / f"out/{name}.txt.md"
        path.unlink()
        make(path)

    for arguments in ((), ("--deep",)):
        ended = project.call("drift", *arguments)
        assert ended.code == 2
        for told in ("it is a symbolic link", "it is a folder", "it is a special file"):
            assert told in ended.out


def test_what_was_consumed_is_not_missing(project: Project) -> None:
    project.job(JOB.rstrip() + "\n    on_missing: ignore\n")
    project.applied()
    (project.root / "out/a.txt.md").unlink()

    assert differences(project) == []


def test_one_job_is_looked_at_alone(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "second/"), "other")
    project.applied()
    (project.root / "out/a.txt.md").unlink()
    (project.root / "second/a.txt.md").unlink()

    assert differences(project, "other") == [("removed", "second/a.txt.md")]
    assert project.call("drift", "nobody").code == 64


def test_jobs_that_share_a_folder_do_not_accuse_each_other(project: Project) -> None:
    project.job(
        JOB.replace("name: job", "name: other").replace("}}.md", "}}.json").replace("markdown", "json"),
        "other",
    )
    project.applied()

    assert differences(project) == []
    assert differences(project, "other") == []


def test_where_documents_lie_nothing_is_said_of_other_files(project: Project) -> None:
    project.job(
        JOB.replace('"out/{{ doc.path }}.md"', '"{{ doc.path }}.md"').replace(
            'include: "**/*"', 'include: "**/*.txt"'
        )
    )
    project.applied()

    ended = project.call("drift")
    assert ended.code == 0
    assert "holds more than outputs" in ended.out


def test_a_state_of_an_older_version_knows_times_alone(project: Project) -> None:
    with Store.writable(project.root / ".docbatch") as store, store.write():
        store.database.execute("DELETE FROM written")
    (project.root / "out/a.txt.md").write_text("edited")

    assert differences(project, "--deep") == [("altered", "out/a.txt.md")]
    assert "the bytes were never noted" in project.call("drift", "--deep").out


def test_all_outputs_may_be_gone(project: Project) -> None:
    shutil.rmtree(project.root / "out")
    shutil.rmtree(project.root / "lists")

    assert len(differences(project)) == 6


def test_without_a_state_it_says_so(tmp_path: Path) -> None:
    made = Project(tmp_path)
    made.job()

    assert made.call("drift").code == 10


SHARED = """\
apiVersion: docbatch/v1
name: NAME
source: {root: NAME, include: "**"}
provider: local
manifest: true
sink:
  - {type: sqlite, path: "lists/shared.db", failures: true}
"""


def test_a_database_that_jobs_share_is_as_the_last_of_them_left_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for name in ("one", "two"):
        project.write({f"jobs/{name}.yaml": SHARED.replace("NAME", name), f"{name}/a.txt": f"text {name}"})
    (project.root / "jobs/job.yaml").unlink(missing_ok=True)
    project.applied()
    project.write({"two/b.txt": "more", "two/empty.txt": ""})
    project.call("apply", "--yes")

    assert differences(project) == []
    assert project.call("verify").code == 0
    with sqlite3.connect(project.root / "lists/shared.db") as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    assert differences(project) == [("altered", "lists/shared.db")] * 2

    # It holds what it held: that is recorded, and a manifest says what it comes to now.
    project.call("apply", "--yes")
    assert differences(project) == []
    assert project.call("verify").code == 0


def test_a_database_with_tables_of_several_sinks_is_told_once(project: Project) -> None:
    tables = "".join(f"  - {{type: sqlite, path: rows/all.db, table: t{number}}}\n" for number in range(3))
    project.job(JOB + tables)
    project.applied()
    with closing(sqlite3.connect(project.root / "rows/all.db")) as database, database:
        database.execute("UPDATE t1 SET text = 'mine'")

    assert differences(project) == [("altered", "rows/all.db")]


def test_what_failures_in_a_database_come_to_is_not_kept_beyond_them(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (project.root / "jobs/job.yaml").unlink(missing_ok=True)
    project.write({"jobs/one.yaml": SHARED.replace("NAME", "one"), "one/a.txt": "text"})
    project.applied()
    project.write({"one/empty.txt": ""})
    project.call("apply", "--yes")

    assert differences(project) == []
    assert project.call("verify").code == 0


def test_lines_that_somebody_took_are_no_drift_whatever_else_they_say(project: Project) -> None:
    head = JOB.partition("sink:")[0].rstrip()
    sink = "{type: jsonl, path: out/rows.jsonl, rows: chunk, on_missing: ignore}"
    project.job(f"{head}\nlabels: {{team: a}}\nsink: [{sink}]\n")
    project.applied()
    (project.root / "out/rows.jsonl").unlink()

    assert project.call("drift").code == 0
    project.job(f"{head}\nlabels: {{team: a}}\nsink: [{sink.replace('ignore', 'rewrite')}]\n")
    assert project.call("drift").code == 2
