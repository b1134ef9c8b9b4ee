"""`docbatch fmt` of whole projects: what is written, what is left, and what it says of that."""

import errno
import io
import os
import stat
import sys
from pathlib import Path
from unittest import mock

import pytest

from docbatch.engine.administration.formatting import replace_file
from tests.cli.project import JOB, Ended, Project

CROOKED = JOB.replace("  root: in\n", "     root:   in  # of documents\n").replace(
    '  include: "**/*"', '     include: "**/*"'
)
FORMATTED = JOB.lstrip().replace("  root: in\n", "  root: in  # of documents\n")


@pytest.fixture
def crooked(project: Project) -> Project:
    project.write(
        {
            "docbatch.yaml": "apiVersion: docbatch/v1\nproject:\n    id: pabcdef012345678\n",
            "jobs/job.yaml": CROOKED,
            "jobs/deep/other.yml": "extends: [fragments/base.yaml]\nname:   other\n",
            "fragments/base.yaml": "extends: fragments/deeper.yaml\nlabels: {a:  b}\n",
            "fragments/deeper.yaml": "timeout:  1h\n",
            "fragments/unused.yaml": "timeout:  1h\n",
        }
    )
    return project


def read(project: Project, name: str) -> str:
    return (project.root / name).read_bytes().decode()


def test_a_project_is_formatted_with_what_its_jobs_extend(crooked: Project) -> None:
    ended = crooked.call("fmt")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "formatted: docbatch.yaml",
        "formatted: jobs/deep/other.yml",
        "formatted: jobs/job.yaml",
        "formatted: fragments/base.yaml",
        "formatted: fragments/deeper.yaml",
        "5 files formatted",
    ]
    assert read(crooked, "jobs/job.yaml") == FORMATTED
    assert read(crooked, "fragments/unused.yaml") == "timeout:  1h\n"


def test_the_second_time_nothing_is_written(crooked: Project) -> None:
    crooked.call("fmt")
    before = {path: path.stat() for path in crooked.root.rglob("*.y*ml")}

    assert crooked.call("fmt").out == "5 files as they should be\n"
    assert {path: path.stat() for path in crooked.root.rglob("*.y*ml")} == before


def test_check_writes_nothing(crooked: Project) -> None:
    ended = crooked.call("fmt", "--check", "jobs")

    assert ended.code == 1
    assert "not formatted: jobs/job.yaml" in ended.out
    assert read(crooked, "jobs/job.yaml") == CROOKED
    crooked.call("fmt")
    assert crooked.call("fmt", "--check").code == 0


def test_the_difference_is_shown_and_not_written(crooked: Project) -> None:
    ended = crooked.call("fmt", "--diff", "jobs/job.yaml")

    assert ended.code == 1
    assert "--- jobs/job.yaml (as it is)\n+++ jobs/job.yaml (formatted)\n" in ended.out
    assert "-     root:   in  # of documents\n" in ended.out
    assert "+  root: in  # of documents\n" in ended.out
    assert read(crooked, "jobs/job.yaml") == CROOKED


def test_what_is_wrong_with_one_keeps_no_other_from_it(crooked: Project) -> None:
    crooked.write({"jobs/bad.yaml": "name: x\nname:   y\n", "jobs/odd.yaml": "a:   'x\u2028y'\n"})

    ended = crooked.call("fmt", "jobs")

    assert ended.code == 64
    assert "jobs/bad.yaml:2:1: name: this key is written twice" in ended.err
    assert "jobs/odd.yaml: left as it is" in ended.err
    assert "2 files left as they are: see above" in ended.out
    assert read(crooked, "jobs/bad.yaml") == "name: x\nname:   y\n"
    assert read(crooked, "jobs/job.yaml") == FORMATTED


def test_a_file_that_cannot_be_shown_to_say_the_same_is_an_error(crooked: Project) -> None:
    crooked.write({"odd.yaml": "a:   'x\u2028y'\n"})

    ended = crooked.call("fmt", "odd.yaml")

    assert ended.code == 1
    assert "nothing was changed" in ended.err


def test_no_project_is_needed(crooked: Project) -> None:
    for name in ("docbatch.yaml", "jobs/job.yaml", "jobs/deep/other.yml"):
        (crooked.root / name).unlink()

    assert (
        crooked.call("fmt", "fragments/base.yaml").out == "formatted: fragments/base.yaml\n1 file formatted\n"
    )
    ended = crooked.call("fmt")
    assert ended.code == 64
    assert "there is no docbatch.yaml here and no spec in jobs/" in ended.err
    assert crooked.call("fmt", "missing.yaml").code == 64


def test_mode_and_links_stay(crooked: Project) -> None:
    job, link = crooked.root / "jobs/job.yaml", crooked.root / "jobs/link.yaml"
    job.chmod(0o640)
    link.symlink_to("job.yaml")

    assert crooked.call("fmt", "jobs/link.yaml").code == 0

    assert link.is_symlink()
    assert stat.S_IMODE(job.stat().st_mode) == 0o640
    assert read(crooked, "jobs/job.yaml") == FORMATTED
    assert [path.name for path in (crooked.root / "jobs").iterdir() if path.name.startswith(".")] == []


def test_a_link_out_of_the_project_is_not_followed(
    crooked: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "job.yaml"
    outside.write_text("a:   1\n")
    (crooked.root / "jobs/link.yaml").symlink_to(outside)

    ended = crooked.call("fmt")

    assert ended.code == 64
    assert "jobs/link.yaml: this is a link that leads out of the project" in ended.err
    assert outside.read_text() == "a:   1\n"
    assert read(crooked, "jobs/job.yaml") == FORMATTED


def test_a_spec_has_no_file_of_others_written(
    crooked: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "other.yaml"
    outside.write_text("a:   1\n")
    (crooked.root / "fragments/link.yaml").symlink_to(outside)
    crooked.write({"jobs/job.yaml": f"extends: [{outside}, fragments/link.yaml, fragments/none.yaml]\n"})

    assert crooked.call("fmt").code == 0
    assert outside.read_text() == "a:   1\n"


def test_a_project_that_is_not_trusted_names_its_own_files_only(
    crooked: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "job.yaml"
    outside.write_text("a:   1\n")

    assert crooked.call("fmt", "--untrusted", str(outside)).code == 64
    assert crooked.call("fmt", "--untrusted", "--check").code == 1
    assert crooked.call("fmt", str(outside)).code == 0


def test_a_file_that_is_write_protected_is_left(crooked: Project) -> None:
    with mock.patch.object(os, "access", lambda path, _mode: Path(path).name != "job.yaml"):
        ended = crooked.call("fmt")

    assert ended.code == 1
    assert "jobs/job.yaml: not formatted: it is write-protected; the file is as it was" in ended.err
    assert read(crooked, "jobs/job.yaml") == CROOKED
    assert "formatted: docbatch.yaml" in ended.out


def test_what_somebody_writes_at_the_same_time_is_kept(
    crooked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = crooked.root / "jobs/job.yaml"
    take_after = replace_file._take_after

    def edit(status: os.stat_result, descriptor: int) -> None:
        take_after(status, descriptor)
        job.write_text("name: edited\n")

    monkeypatch.setattr(replace_file, "_take_after", edit)

    ended = crooked.call("fmt", "jobs/job.yaml")

    assert ended.code == 1
    assert "somebody else wrote it at the same time" in ended.err
    assert job.read_text() == "name: edited\n"
    assert sorted(path.name for path in job.parent.iterdir()) == ["deep", "job.yaml"]


def test_a_disk_that_is_full_leaves_the_file_as_it_was(
    crooked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)

    ended = crooked.call("fmt", "jobs/job.yaml")

    assert ended.code == 1
    assert "jobs/job.yaml: not formatted: No space left on device; the file is as it was" in ended.err
    assert read(crooked, "jobs/job.yaml") == CROOKED
    assert sorted(path.name for path in (crooked.root / "jobs").iterdir()) == ["deep", "job.yaml"]


def test_windows_ends_of_lines_stay_and_a_byte_order_mark_goes(crooked: Project) -> None:
    crooked.write({"jobs/job.yaml": ("\ufeff" + CROOKED.replace("\n", "\r\n")).encode()})

    assert crooked.call("fmt", "jobs/job.yaml").code == 0
    assert read(crooked, "jobs/job.yaml") == FORMATTED.replace("\n", "\r\n")


def test_standard_input_is_passed_on_formatted(crooked: Project) -> None:
    ended = piped(crooked, CROOKED)

    assert (ended.code, ended.out, ended.err) == (0, FORMATTED, "")


def test_bad_standard_input_leaves_standard_output_empty(crooked: Project) -> None:
    ended = piped(crooked, "a: 1\na: 2\n")

    assert (ended.code, ended.out) == (64, "")
    assert "standard input:2:1: a: this key is written twice" in ended.err


def test_standard_input_is_checked(crooked: Project) -> None:
    assert piped(crooked, CROOKED, "--check").code == 1
    assert piped(crooked, FORMATTED, "--check").code == 0
    assert piped(crooked, FORMATTED, "jobs").code == 64


def piped(project: Project, text: str, *arguments: str) -> Ended:
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()))):
        return project.call("fmt", "-", *arguments)


def test_an_upgrade_says_where_nothing_is_to_be_done(crooked: Project) -> None:
    assert "nothing to upgrade: docbatch/v1 is the newest apiVersion" in crooked.call("fmt", "--upgrade").out


@pytest.mark.parametrize("path", [".", "documents"])
def test_a_folder_without_specs_is_an_error(project: Project, path: str) -> None:
    project.write({"docbatch.txt": "", "documents/a.txt": "x", "documents/.b.yaml": "a:   1\n"})
    for file in project.root.glob("jobs/*"):
        file.unlink()

    ended = project.call("fmt", path)

    assert (ended.code, ended.out) == (64, "")
    assert ended.err.startswith(f"error: the folder {path} holds no *.yaml or *.yml file\n")


def test_an_upgrade_refuses_versions_that_are_not_known(crooked: Project) -> None:
    crooked.job(JOB.replace("docbatch/v1", "docbatch/v7"))

    ended = crooked.call("fmt", "--upgrade")

    assert ended.code == 64
    assert (
        "jobs/job.yaml:2:13: apiVersion: the version docbatch/v7 is not known (the newest is docbatch/v1"
        in ended.err
    )
    assert "nothing to upgrade" not in ended.out
    assert crooked.call("fmt").code == 0


def test_lines_of_json_say_what_became_of_each_file(crooked: Project) -> None:
    crooked.write({"jobs/bad.yaml": "a: 1\na: 2\n"})

    lines = crooked.call("fmt", "--json", "--diff", "jobs/job.yaml", "jobs/bad.yaml").lines

    assert [(line["type"], line.get("file"), line.get("verdict")) for line in lines] == [
        ("layout", "jobs/job.yaml", "formatted"),
        ("error", "jobs/bad.yaml", None),
        ("layout", "jobs/bad.yaml", "refused"),
    ]
    assert "+  root: in" in lines[0]["diff"]
    assert lines[0]["written"] is False
