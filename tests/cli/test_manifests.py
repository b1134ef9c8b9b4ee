"""The manifest of a job, and what `docbatch verify` makes of it: with nothing but the files."""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docbatch.specs.schema import manifest_schema
from tests.cli.project import JOB, Project

LISTED = JOB.replace("name: job", "name: job\nmanifest: true").replace(
    "out/{{ doc.path }}", "out/{{ job.name }}/{{ doc.path }}"
)
PLACE = "out/job/manifest.json"


@pytest.fixture(scope="module")
def once_listed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("listed"))
    made.write({f"in/{name}.txt": f"text {name}" for name in "abc"})
    made.job(LISTED)
    made.applied()
    return made.kept()


@pytest.fixture
def listed(once_listed: Project) -> Project:
    return once_listed.put_back()


def manifest(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / PLACE).read_text())
    Draft202012Validator(manifest_schema()).validate(found)
    return found


def differences(project: Project, *arguments: str) -> list[tuple[str, str]]:
    ended = project.call("verify", "--json", *arguments)
    *found, summary = ended.lines
    assert summary["exit_code"] == ended.code == (2 if found else 0), ended.err
    return [(each["kind"], each["path"]) for each in found]


def test_it_says_of_each_document_what_became_of_it(listed: Project) -> None:
    found = manifest(listed)

    assert [each["path"] for each in found["documents"]] == ["a.txt", "b.txt", "c.txt"]
    for each in found["documents"]:
        assert each["sha256"] == hashlib.sha256((listed.root / "in" / each["path"]).read_bytes()).hexdigest()
        (output,) = each["outputs"]
        written = (listed.root / output["path"]).read_bytes()
        assert (output["size"], output["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
        assert found["recipes"][each["recipe"]]["provider"] == "local"
    assert (found["source"], found["folders"], found["path"]) == ("in", ["out/job"], PLACE)


def test_it_is_written_when_something_of_it_changed_and_only_then(listed: Project) -> None:
    before = (listed.root / PLACE).stat()
    listed.applied()
    after = (listed.root / PLACE).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    listed.write({"in/a.txt": "another text"})
    listed.applied()
    assert (listed.root / PLACE).stat().st_ino != before.st_ino

    again = (listed.root / PLACE).stat().st_ino
    os.utime(listed.root / PLACE)
    listed.applied()
    assert (listed.root / PLACE).stat().st_ino == again


def test_a_removed_document_and_a_removed_manifest_are_noticed(listed: Project) -> None:
    (listed.root / "in/b.txt").unlink()
    listed.applied()
    assert [each["path"] for each in manifest(listed)["documents"]] == ["a.txt", "c.txt"]

    (listed.root / PLACE).unlink()
    listed.applied()
    assert len(manifest(listed)["documents"]) == 2


def test_two_machines_write_the_same(listed: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Project(tmp_path_factory.mktemp("other"))
    shutil.copytree(listed.root / "in", other.root / "in")
    shutil.copytree(listed.root / "jobs", other.root / "jobs")
    other.applied()

    assert manifest(other) == manifest(listed)


def test_each_difference_is_named(listed: Project) -> None:
    assert differences(listed) == []
    (listed.root / "out/job/a.txt.md").write_text("text A")
    (listed.root / "out/job/b.txt.md").unlink()
    listed.write({"out/job/x/new.md": "new", "in/c.txt": "changed"})

    named = [
        ("altered", "out/job/a.txt.md"),
        ("removed", "out/job/b.txt.md"),
        ("added", "out/job/x/new.md"),
    ]
    assert differences(listed) == named
    assert ("altered", "in/c.txt") in differences(listed, "--documents")
    assert "added: out/job/x/new.md: no manifest names it" in listed.call("verify").out


def test_it_needs_no_state_and_no_documents(listed: Project) -> None:
    shutil.rmtree(listed.root / ".docbatch")
    shutil.rmtree(listed.root / "in")
    shutil.rmtree(listed.root / "jobs")

    assert differences(listed, PLACE, "--documents") == []


def test_what_stands_in_an_output_s_place_is_no_output(listed: Project) -> None:
    (listed.root / "elsewhere").write_bytes((listed.root / "out/job/a.txt.md").read_bytes())
    for name, make in (
        ("a", lambda path: path.symlink_to(listed.root / "elsewhere")),
        ("b", Path.mkdir),
        ("c", os.mkfifo),
    ):
        path = listed.root / f"out/job/{name}.txt.md"
        path.unlink()
        make(path)

    ended = listed.call("verify")

    assert ended.code == 2
    for told in ("a.txt.md (job: a.txt): it is a symbolic link", "it is a folder", "it is a special file"):
        assert told in ended.out


def test_a_link_in_the_place_of_a_folder_is_not_followed(listed: Project) -> None:
    (listed.root / "out/job").rename(listed.root / "away")
    (listed.root / "out/job").symlink_to("../away")

    ended = listed.call("verify", "away/manifest.json")

    assert ended.code == 2
    assert ended.out.count("is a symbolic link") == 3
    assert "added" not in ended.out


@pytest.mark.parametrize(
    "place", ["../x", "out/../../x", "out//x", "./x", ".docbatch/state.db", "out/.git/config", "a\0b"]
)
def test_a_manifest_that_names_another_place_is_refused(listed: Project, place: str) -> None:
    text = (listed.root / PLACE).read_text().replace('"out/job/b.txt.md"', json.dumps(place))
    listed.write({"named.json": text})

    ended = listed.call("verify", "named.json")

    assert ended.code == 1
    assert "nothing there was looked at" in ended.err


def test_one_that_names_an_absolute_place_is_told(listed: Project) -> None:
    text = (listed.root / PLACE).read_text().replace('"out/job/b.txt.md"', '"/etc/passwd"')
    listed.write({"named.json": text})

    ended = listed.call("verify", "named.json")

    assert "note: /etc/passwd: lies outside of the project, and is not looked at" in ended.out


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"documents": [' + b"x" * 2_000_000, b"\0" * 50]
)
def test_what_is_no_manifest_is_refused_and_the_others_are_checked(listed: Project, content: bytes) -> None:
    listed.write({"bad.json": content})
    (listed.root / "out/job/a.txt.md").unlink()

    ended = listed.call("verify", "bad.json", PLACE)

    assert ended.code == 1
    assert "bad.json: is not a manifest that can be checked" in ended.err
    assert "removed: out/job/a.txt.md" in ended.out


def test_one_cut_off_in_the_middle_says_where(listed: Project) -> None:
    text = (listed.root / PLACE).read_bytes()
    listed.write({"cut.json": text[:-200]})

    assert "line " in listed.call("verify", "cut.json").err


def test_one_that_a_tool_laid_out_anew_is_read(listed: Project) -> None:
    listed.write({PLACE: json.dumps(json.loads((listed.root / PLACE).read_text()), indent=2)})

    assert differences(listed) == []


def test_only_another_case_is_another_file(listed: Project) -> None:
    (listed.root / "out/job/a.txt.md").rename(listed.root / "out/job/A.txt.md")

    assert differences(listed) == [("removed", "out/job/a.txt.md"), ("added", "out/job/A.txt.md")]


def test_hostile_names_are_told_and_cannot_hide(listed: Project) -> None:
    names = [b"na\nme.txt", b"b\xffd.txt", b"100%25.txt", "e\u0301.txt".encode(), b"x\x1b[31m.txt"]
    for name in names:
        Path(os.fsdecode(os.fsencode(listed.root / "in") + b"/" + name)).write_text("some text")
    listed.applied()
    assert differences(listed) == []

    for found in (listed.root / "out/job").glob("*.md"):
        found.write_text("altered")
    ended = listed.call("verify")

    assert ended.out.count("altered: ") == 8
    assert "\x1b" not in ended.out


def test_a_whole_job_in_one_file_is_listed_as_well(listed: Project) -> None:
    listed.job(LISTED + "  - {type: jsonl, path: out/all.jsonl}\n  - {type: sqlite, path: out/all.db}\n")
    listed.applied()
    assert [each["path"] for each in manifest(listed)["outputs"]] == ["out/all.jsonl", "out/all.db"]
    assert differences(listed) == []

    (listed.root / "out/all.jsonl").write_text("cut")

    assert differences(listed) == [("altered", "out/all.jsonl")]


def test_an_output_that_cannot_be_proven_is_listed_without_a_digest(listed: Project) -> None:
    from docbatch.state.store import Store

    with Store.writable(listed.root / ".docbatch") as store, store.write():
        store.database.execute("DELETE FROM written WHERE path <> 'b.txt'")
        store.manifests.forget("job")
    (listed.root / "out/job/a.txt.md").write_text("edited")
    before = manifest(listed)["documents"]
    listed.applied()

    assert manifest(listed)["documents"] == before


def test_a_manifest_that_cannot_be_written_fails_the_run_and_is_written_by_the_next(listed: Project) -> None:
    (listed.root / PLACE).unlink()
    (listed.root / PLACE).mkdir()
    listed.write({"in/d.txt": "text d"})
    ended = listed.call("apply")
    assert ended.code == 1
    assert "the manifest of job 'job' cannot be written" in ended.err + ended.out

    (listed.root / PLACE).rmdir()
    listed.applied()
    assert len(manifest(listed)["documents"]) == 4


def test_an_edited_one_is_kept_in_the_trash(listed: Project) -> None:
    listed.write({PLACE: "edited"})
    listed.applied()

    manifest(listed)
    (kept,) = (each for each in (listed.root / ".docbatch/trash").iterdir() if each.name.endswith(".json"))
    assert kept.read_text() == "edited"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"{{ doc.path }}.json"', "a job has one manifest"),
        ("../manifest.json", "a manifest lies inside the project"),
        ("jobs/x.yaml", "a manifest's name ends in .json"),
        (".docbatch/m.json", "docbatch's own folder"),
        ("in/m.json", "the manifest in/m.json would be read as a document by the job's own source"),
    ],
)
def test_a_place_that_is_none_is_refused(listed: Project, written: str, told: str) -> None:
    listed.job(LISTED.replace("manifest: true", f"manifest: {written}"))

    ended = listed.call("validate")

    assert ended.code == 64
    assert told in ended.err


def test_two_jobs_do_not_share_one(listed: Project) -> None:
    listed.job(LISTED.replace("manifest: true", "manifest: out/one.json"))
    other = LISTED.replace("name: job", "name: other")
    listed.job(other.replace("manifest: true", "manifest: out/ONE.json"), "other")

    assert "lies at the same place" in listed.call("validate").err


def test_without_one_there_is_nothing_to_check(listed: Project) -> None:
    listed.job(JOB)
    ended = listed.call("verify")
    assert ended.code == 64
    assert "no job declares a manifest" in ended.err

    listed.job(LISTED.replace("name: job", "name: new"))
    assert "job 'new' has no manifest yet" in listed.call("verify").err
