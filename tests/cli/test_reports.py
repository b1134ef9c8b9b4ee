"""Reports by the real command: what is written, whatever ends the run, and where nothing is."""

import json
import os
import re
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

import pytest

from docbatch.engine.running import apply as apply_module
from docbatch.sinks import outputs
from tests.cli.project import JOB, Ended, Project

FILES = ["report.html", "report.json", "report.md", "report.xml"]


def told(project: Project, folder: str = "report") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.root / folder / "report.json").read_text())
    return found


def listed(project: Project, folder: str = "report") -> list[str]:
    return sorted(each.name for each in (project.root / folder).iterdir())


@pytest.fixture
def project(project: Project) -> Project:
    project.write({f"in/{number}.txt": f"text {number}" for number in range(20)})
    project.write({f"in/{number}.pdf": f"%PDF-1.7 {number}" for number in range(3)})
    return project


def test_four_files_say_the_same_numbers(project: Project) -> None:
    ended = project.call("apply", "--report", "report")

    report = told(project)
    suites = ET.parse(project.root / "report/report.xml").getroot()
    assert ended.code == report["exit_code"] == 3
    assert listed(project) == FILES
    assert (report["documents"], report["sent"], report["counts"]["failed"]) == (23, 23, 3)
    assert (suites.get("tests"), suites.get("failures")) == ("23", "3")
    for name in ("report.md", "report.html"):
        assert "20 of 23 documents done, 3 failed" in (project.root / "report" / name).read_text()
    assert "report: report/report.html" in ended.err


def test_a_second_run_replaces_the_report_and_sent_nothing(project: Project) -> None:
    project.call("apply", "--report", "report")
    project.call("apply", "--report", "report")

    assert told(project)["sent"] == 0
    assert listed(project) == FILES


def test_status_reports_what_stands_now(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    project.call("apply")

    every = project.call("status", "--report", "all")
    project.call("status", "other", "--report", "one")

    assert every.code == 0
    assert told(project, "all")["exit_code"] is None
    assert [job["job"] for job in told(project, "all")["jobs"]] == ["job", "other"]
    assert [job["job"] for job in told(project, "one")["jobs"]] == ["other"]


def test_tries_are_counted(project: Project) -> None:
    project.call("apply")
    project.call("retry", "--all")
    project.call("apply", "--report", "report")

    assert {each["attempts"] for each in told(project)["failures"]} == {2}


def test_a_run_that_is_interrupted_is_reported_as_far_as_it_got(project: Project) -> None:
    with mock.patch.object(apply_module, "reconcile", side_effect=KeyboardInterrupt):
        ended = project.call("apply", "--report", "report")

    report = told(project)
    assert (ended.code, report["exit_code"], report["why"]) == (130, 130, "interrupted")
    assert report["counts"]["pending"] == 23
    assert report["next"][0]["command"] == "docbatch apply"


def test_a_run_that_is_refused_is_reported(project: Project) -> None:
    project.job(JOB.replace("doc.path", "doc.stem"))

    ended = project.call("apply", "--report", "report")

    report = told(project)
    assert ended.code == report["exit_code"] == 6
    assert report["errors"][0]["message"] in ended.err
    assert [(job["job"], job["documents"]) for job in report["jobs"]] == [("job", 0)]
    assert ET.parse(project.root / "report/report.xml").getroot().get("errors") == "1"


def test_what_nobody_expects_is_reported_without_its_words(project: Project) -> None:
    with (
        mock.patch.object(apply_module, "reconcile", side_effect=RuntimeError("secret")),
        pytest.raises(RuntimeError),
    ):
        project.call("apply", "--report", "report")

    assert told(project)["errors"] == [
        {"message": "something that is not expected ended the run: RuntimeError", "hint": None}
    ]


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_the_run(project: Project) -> None:
    project.call("status", "--report", "report")
    project.call("apply", "--report", "report")
    before = told(project)
    with mock.patch.object(outputs, "write_all", side_effect=OSError(28, "No space left on device")):
        ended = project.call("apply", "--report", "report")

    assert ended.code == 1
    assert ended.err.count("the report cannot be written to report: No space left on device") == 1
    assert "report: report/" not in ended.err
    assert told(project) == before
    assert listed(project) == FILES


@pytest.mark.parametrize(("folder", "name"), [("in", "report.html"), ("in/deep/er", "report.html")])
def test_a_folder_of_documents_is_refused_before_anything_is_sent(
    project: Project, folder: str, name: str
) -> None:
    ended = project.call("apply", "--report", folder)

    assert ended.code == 64
    assert f"{folder}/{name} would be read as a document by the source of job 'job'" in ended.err
    assert not (project.root / ".docbatch").exists()
    assert not (project.root / "in/deep").exists()


def test_a_folder_of_documents_of_a_job_beside_those_named_is_refused(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("root: in", "root: reports"), "other")

    ended = project.call("apply", "jobs/job.yaml", "--report", "reports")

    assert (ended.code, "job 'other'" in ended.err) == (64, True)


def test_a_folder_that_a_source_leaves_out_is_taken(project: Project) -> None:
    project.job(JOB.replace('"**/*"', '"**/*"\n  exclude: "reports/**"'))

    assert project.call("apply", "--report", "in/reports").code == 3
    assert project.call("plan", "--format", "json").lines[0]["found"] == 23


def theirs(project: Project, kind: str) -> Path:
    """Put something that is not ours in the place of a file of the report."""
    place = project.root / "report/report.md"
    place.parent.mkdir()
    if kind == "file":
        place.write_text("my own report")
    elif kind == "link":
        (project.root / "precious.md").write_text("<!-- docbatch/report/v1 -->")
        place.symlink_to(project.root / "precious.md")
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    return place


@pytest.mark.parametrize("kind", ["file", "link", "folder", "pipe"])
def test_what_is_not_ours_stays(project: Project, kind: str) -> None:
    place = theirs(project, kind)
    before = place.lstat()

    ended = project.call("apply", "--report", "report")

    assert ended.code == 64
    assert "report/report.md is not a report that docbatch wrote; nothing was changed" in ended.err
    after = place.lstat()
    # That it was looked into may show in when it was read last.
    assert (after.st_ino, after.st_mode, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_size,
        before.st_mtime_ns,
    )
    assert not (project.root / ".docbatch").exists()


def test_a_link_that_comes_while_a_run_goes_on_is_not_followed(project: Project) -> None:
    (project.root / "report").mkdir()
    (project.root / "precious.md").write_text("precious")

    def linking(*_: object, **_more: object) -> None:
        (project.root / "report/report.md").symlink_to(project.root / "precious.md")
        raise KeyboardInterrupt

    with mock.patch.object(apply_module, "reconcile", side_effect=linking):
        project.call("apply", "--report", "report")

    assert (project.root / "precious.md").read_text() == "precious"
    assert not (project.root / "report/report.md").is_symlink()


def test_a_file_is_no_folder(project: Project) -> None:
    project.write({"report": "text"})

    assert "report is no folder" in project.call("apply", "--report", "report").err


def test_specs_that_are_wrong_are_told_and_nothing_is_written(project: Project) -> None:
    project.call("apply")
    project.job("nonsense: true\n")

    for command in ("apply", "status"):
        assert project.call(command, "--report", "report").code == 64
    assert not (project.root / "report").exists()


def test_a_state_that_is_not_there_is_told(project: Project) -> None:
    assert project.call("status", "--report", "report").code == 10
    assert not (project.root / "report").exists()


def hostile(project: Project) -> Ended:
    names = [
        "a|b `c`",
        "@team",
        "::error::x",
        "two\nlines",
        "<script>x<script>",
        "]]>",
        "\"&amp;'",
        "\x1b[31m",
        "\u202efdp",
    ]
    folder = os.fsencode(project.root / "in")
    for number, name in enumerate([*map(os.fsencode, names), b"l\xe4tin"]):
        with open(folder + b"/" + name + b".pdf", "wb") as file:  # noqa: PTH123 - not every name is text
            file.write(b"%PDF-1.7 no " + str(number).encode())
    return project.call("apply", "--report", "report")


def test_names_of_any_kind_are_in_all_formats(project: Project) -> None:
    ended = hostile(project)

    texts = {name: (project.root / "report" / name).read_text("utf-8") for name in FILES}
    assert ended.code == 3
    assert len(told(project)["failures"]) == 13
    assert len(ET.fromstring(texts["report.xml"]).findall(".//failure")) == 13
    for name, text in texts.items():
        assert "l%E4tin" in text
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), name
        assert not re.search(r"(?m)^\s*::error", text)
