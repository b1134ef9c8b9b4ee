"""`docbatch explain` tells what a document is known by, what it was, every time it was sent, and where it is now."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.specs.schema import explain_schema
from docbatch.state.store import Store
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    made.write({"in/a.txt": "one", "in/sub/b.txt": "two"})
    return made


@pytest.fixture
def paid(tmp_path: Path) -> Iterator[Project]:
    with ExtendEmulator() as vendor:
        yield extend_project(tmp_path, vendor, documents={"in/a.txt": "one", "in/b.txt": "two"})


def explained(project: Project, document: str) -> dict[str, Any]:
    ended = project.call("explain", "--json", document)
    assert ended.code == 0, ended.err
    (line,) = ended.lines
    Draft202012Validator(explain_schema()).validate(line)
    return line


def changes(explanation: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each["what"], each["old"], each["new"]) for each in explanation["changes"]]


def test_the_components_of_the_key_are_told_before_and_after_it_is_sent(project: Project) -> None:
    before = explained(project, "in/a.txt")["key"]
    project.applied()
    after = explained(project, "in/a.txt")["key"]

    assert before == after
    assert (after["provider"], after["operation"], after["config"]) == ("local", "parse", {})
    assert (after["media_type"], after["bytes"]) == ("text/plain", 3)
    assert len(after["sha256"]) == len(after["key"]) == 64
    assert after["versions"]


def test_changed_bytes_are_told_with_both_digests(project: Project) -> None:
    project.applied()
    old = explained(project, "in/a.txt")["key"]["sha256"]
    project.write({"in/a.txt": "another"})
    project.applied()
    found = explained(project, "in/a.txt")

    assert ("sha256", old, found["key"]["sha256"]) in changes(found)
    assert changes(explained(project, "in/sub/b.txt")) == [("job", "not declared", "declared")]


def test_changed_declarations_are_told_with_old_and_new_value(project: Project) -> None:
    project.applied()
    project.job(JOB.replace("{{ doc.path }}", "{{ doc.name }}") + "config: {ocr: off}\npriority: 7\n")
    project.applied()

    told = changes(explained(project, "in/a.txt"))
    assert ("config.ocr", "not set", '"off"') in told
    assert ("priority", "50", "7") in told
    assert (
        "sink files",
        "out/{{ doc.path }}.md (markdown)",
        "out/{{ doc.name }}.md (markdown)",
    ) in told


def test_a_renamed_document_is_told_with_where_it_went_and_when(project: Project) -> None:
    project.applied()
    (project.root / "in/a.txt").rename(project.root / "in/z.txt")
    project.applied()
    found = explained(project, "in/a.txt")

    assert found["verdict"] == "is no longer wanted"
    assert found["now_at"] == [{"job": "job", "path": "z.txt"}]
    assert found["gone_at"] is not None
    assert changes(found)[-1] == ("sha256", found["key"]["sha256"], "gone")
    assert [(each["path"], each["state"]) for each in found["outputs"]] == [("out/a.txt.md", "kept")]
    assert "the same bytes are now z.txt of job 'job'" in project.call("explain", "in/a.txt").out


def test_bytes_that_went_on_since_the_last_run_are_not_told_to_be_where_they_were(project: Project) -> None:
    project.applied()
    (project.root / "in/a.txt").rename(project.root / "in/z.txt")
    project.applied()
    (project.root / "in/z.txt").rename(project.root / "in/y.txt")

    assert explained(project, "in/a.txt")["now_at"] == []
    project.applied()
    assert explained(project, "in/a.txt")["now_at"] == [{"job": "job", "path": "y.txt"}]


def test_a_document_that_came_back_is_told_so(project: Project) -> None:
    project.applied()
    (project.root / "in/a.txt").unlink()
    project.applied()
    project.write({"in/a.txt": "one"})
    project.applied()
    found = explained(project, "in/a.txt")

    assert (found["gone_at"], found["now_at"]) == (None, [])
    assert changes(found)[-1][2] == "gone"


def test_a_document_that_cannot_be_read_any_more_is_told_so(project: Project) -> None:
    project.applied()
    project.write({"in/a.txt": ""})
    project.call("apply")

    assert changes(explained(project, "in/a.txt"))[-1][2] == "unreadable"


def test_documents_of_a_job_that_is_gone_tell_since_when(project: Project) -> None:
    project.applied()
    (project.root / "jobs/job.yaml").unlink()
    project.job(JOB.replace("name: job", "name: other").replace("root: in", "root: new"), "other")
    project.write({"new/c.txt": "three"})
    project.applied()
    found = explained(project, "in/a.txt")

    assert found["gone_at"] is not None
    assert ("job", "declared", "no longer declared") in changes(found)


def test_unchanged_documents_leave_nothing_behind(project: Project) -> None:
    for _ in range(2):
        project.applied()
    project.job(JOB + "config: {ocr: off}\n")
    project.applied()
    with Store.readable(project.root / ".docbatch") as store:
        assert store.past.bytes_of("job", b"a.txt") == []


def test_every_attempt_is_told_with_ids_times_and_cost(paid: Project) -> None:
    paid.applied()
    paid.write({"in/a.txt": "another"})
    paid.applied()
    found = explained(paid, "in/a.txt")
    first, second = found["attempts"]

    assert first["sha256"] != second["sha256"] == found["key"]["sha256"]
    assert (first["status"], first["credits"], first["is_told"]) == ("done", 2, True)
    assert first["charged_to"] == found["job"]
    assert first["batch_id"]
    assert first["remote_id"]
    assert [each["event"] for each in first["events"]] == ["intended", "accepted", "collected"]
    assert first["seconds"] >= 0
    assert (found["pages"], found["key"]["account"].split(":")[0]) == (1, "127.0.0.1")
    told = paid.call("explain", "in/a.txt").out
    assert "  attempt 2: sent " in told
    assert "    cost: 2 credits, charged to job " in told


def test_a_failed_attempt_is_told_with_its_class_and_message(paid: Project) -> None:
    paid.write({"in/a.txt": "corrupt"})
    assert paid.call("apply").code == 3
    (attempt,) = explained(paid, "in/a.txt")["attempts"]

    assert (attempt["failure"], attempt["code"]) == ("corrupt", "CORRUPT_FILE")
    assert "corrupt: " in paid.call("explain", "in/a.txt").out.partition("attempt 1")[2]


def test_a_lost_result_leaves_pages_unknown(paid: Project) -> None:
    paid.applied()
    for pack in (paid.root / ".docbatch/spool/packs").iterdir():
        pack.unlink()
    found = explained(paid, "in/a.txt")

    assert (found["pages"], found["seconds"]) == (None, None)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("named", ["b.txt", "B.TXT", "other/sub/b.txt", "../b.txt"])
def test_the_name_alone_suggests_the_path(project: Project, named: str, *, before: bool) -> None:
    if before:
        project.applied()
    ended = project.call("explain", named)

    assert ended.code == 64
    assert "did you mean in/sub/b.txt (job 'job')?" in ended.err


def test_of_many_that_may_be_meant_those_in_folders_of_that_name_come_first(project: Project) -> None:
    project.write({f"in/{name}/n.txt": "x" for name in ("a", "b", "c", "d", "e", "f", "g")})
    told = project.call("explain", "elsewhere/g/n.txt").err

    assert "did you mean in/g/n.txt (job 'job') or in/a/n.txt (job 'job') or" in told
    assert told.rstrip().endswith(" and others?")


def test_what_only_another_job_has_is_suggested(project: Project) -> None:
    project.job(
        JOB.replace("name: job", "name: other").replace("root: in", "root: far").replace("out/", "more/"),
        "other",
    )
    project.write({"far/c.txt": "three"})
    project.applied()
    ended = project.call("explain", "c.txt", "jobs/job.yaml")

    assert ended.code == 64
    assert "did you mean c.txt (job 'other')?" in ended.err
