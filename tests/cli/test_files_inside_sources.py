"""Files that options name to be written lie where no source reads them: they would be sent as documents."""

from pathlib import Path

import pytest

from tests.cli.project import JOB, Project

WRITING = (
    ("apply", "--metrics"),
    ("status", "--metrics"),
    ("apply", "--log-file"),
    ("status", "--log-file"),
    ("plan", "--log-file"),
    ("plan", "--out"),
)


@pytest.fixture
def read(project: Project) -> Project:
    project.write({"in/a.txt": "one"})
    project.job()
    project.applied()
    return project


def documents(project: Project) -> int:
    (plan,) = project.call("plan", "--format", "json").lines
    return sum(int(line["documents"]) for line in plan["lines"] if line["action"] != "unchanged")


@pytest.mark.parametrize(("command", "option"), WRITING)
@pytest.mark.parametrize("name", ["in/new.file", "in/no/such/folder/new.file"])
def test_a_new_file_inside_a_source_is_refused(read: Project, command: str, option: str, name: str) -> None:
    ended = read.call(command, option, name)

    assert ended.code == 64
    assert f"{name} would be read as a document by the source of job 'job'; nothing was changed" in ended.err
    assert not (read.root / name).exists()
    assert documents(read) == 0


@pytest.mark.parametrize(("command", "option"), WRITING)
def test_a_link_into_a_source_is_refused(read: Project, command: str, option: str) -> None:
    (read.root / "way").symlink_to(read.root / "in/new.file")

    assert read.call(command, option, "way").code == 64
    assert not (read.root / "in/new.file").exists()


@pytest.mark.parametrize(("command", "option"), WRITING)
def test_what_a_source_leaves_out_is_taken(read: Project, command: str, option: str) -> None:
    read.job(JOB.replace('"**/*"', '"**/*"\n  exclude: "made.*"'))

    assert read.call(command, option, "in/made.file").code == 0
    assert (read.root / "in/made.file").exists()
    assert documents(read) == 0


def test_a_log_whose_next_file_would_be_read_is_refused(read: Project) -> None:
    read.job(JOB.replace('"**/*"', '"**/*"\n  exclude: "*.log"'))

    refused = read.call("status", "--log-file", "in/run.log")

    assert (refused.code, "in/run.log.1 would be read" in refused.err) == (64, True)


@pytest.mark.parametrize(("command", "option"), [("apply", "--metrics"), ("plan", "--out")])
def test_sources_of_named_specs_are_looked_at(read: Project, command: str, option: str) -> None:
    spec = JOB.replace("name: job", "name: other").replace("root: in", "root: more").replace("out/", "other/")
    read.write({"specs/other.yaml": spec, "more/b.txt": "two"})

    refused = read.call(command, "specs/other.yaml", option, "more/new.file")

    assert (refused.code, "job 'other'" in refused.err) == (64, True)


def test_nothing_outside_is_opened_of_what_is_not_trusted(read: Project, tmp_path: Path) -> None:
    read.job(JOB.replace("root: in", f"root: {tmp_path.parent}"))

    assert "would be read" not in read.call("plan", "--untrusted", "--log-file", "run.log").err


def test_what_is_wrong_with_specs_is_told_by_the_command(read: Project) -> None:
    read.job("name: [")

    assert read.call("plan", "--log-file", "run.log").code == 64
    assert read.call("status", "--log-file", "run.log").code == 0
