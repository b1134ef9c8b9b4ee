"""`docbatch state dump` and `load`: a state as text, and back."""

import json
import shutil
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def read(project: Project) -> Project:
    """A project whose documents were read, with a path that is no text."""
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    (project.root / "in" / "na\udcefve.txt").write_bytes(b"three")
    project.applied()
    return project


def lines(text: str) -> list[object]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_state_is_the_same_after_it_was_text(read: Project) -> None:
    before = read.outputs()
    assert read.call("state", "dump", "--out", "state.jsonl").out == "wrote state.jsonl\n"
    for file in (read.root / ".docbatch").glob("state.db*"):
        file.unlink()
    shutil.rmtree(read.root / "out")

    loaded = read.call("state", "load", "state.jsonl")

    assert loaded.code == 0, loaded.err
    assert "to undo this, remove .docbatch/state.db" in loaded.out
    # A terminal is shown some characters as JSON escapes them.
    assert lines(read.call("state", "dump").out) == lines((read.root / "state.jsonl").read_text())
    assert read.call("state", "check").out == "the state is sound\n"
    assert read.applied().processed == 0
    assert read.outputs() == before


def test_at_a_vendor_a_loaded_state_is_not_trusted(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor, grace=0.2)
        project.applied()
        paid = len(vendor.ledger)
        text = project.call("state", "dump").out
        (tmp_path / "state.jsonl").write_text(text)
        for name in (".docbatch", "out", "json"):
            shutil.rmtree(tmp_path / name)
        assert project.call("state", "load", "state.jsonl").code == 0
        project.write({"in/new.txt": "one more"})
        refused = project.call("apply")
        assert (refused.code, len(vendor.ledger)) == (6, paid)
        assert project.call("recover").code == 0
        project.applied()

        assert len(vendor.ledger) == len(set(vendor.ledger)) == paid + 1
        assert (tmp_path / "key").read_text() not in text


def test_lines_come_in_order_with_their_version_first(read: Project) -> None:
    lines = [json.loads(line) for line in read.call("state", "dump").out.splitlines()]

    assert lines[0] | {"lineage": ""} == {
        "type": "docbatch-state",
        "version": 1,
        "state_version": 8,
        "project": "local",
        "lineage": "",
    }
    tables = [line["table"] for line in lines[1:-1]]
    assert tables == sorted(tables)
    paths = [line["row"]["path"] for line in lines[1:-1] if line["table"] == "document"]
    assert paths == [{"text": "a.txt"}, {"text": "b.txt"}, {"hex": "6e61ef76652e747874"}]
    assert lines[-1]["rows"] == len(lines) - 2


def test_what_is_no_whole_dump_changes_nothing(read: Project) -> None:
    text = read.call("state", "dump").out
    refused = read.call("state", "load", "state.jsonl")
    assert (refused.code, "there is a state already" in refused.err) == (64, True)
    shutil.rmtree(read.root / ".docbatch")
    lines = text.splitlines(keepends=True)
    wrong = {
        "truncated": "".join(lines[:-1]),
        "altered": text.replace('"path":{"text":"a.txt"}', '"path":{"text":"c.txt"}', 1),
        "a row less": "".join(lines[:3] + lines[4:]),
        "more": text + "{}\n",
        "another table": "".join([lines[0], '{"table":"sqlite_master","row":{}}\n', *lines[1:]]),
        "no dump": "hello\n",
        "empty": "",
        "list": "[]\n",
        "newer": text.replace('"state_version":8', '"state_version":9', 1),
        "of another project": text.replace('"project":"local"', '"project":"another"', 1),
    }

    for name, content in wrong.items():
        (read.root / "state.jsonl").write_text(content)
        refused = read.call("state", "load", "state.jsonl")
        assert refused.code == (6 if "project" in name else 1), (name, refused.out, refused.err)
        assert "Traceback" not in refused.err
        assert not (read.root / ".docbatch/state.db").exists(), name


def test_a_dry_run_loads_nothing(read: Project) -> None:
    read.call("state", "dump", "--out", "state.jsonl")
    assert read.call("state", "dump", "--out", "state.jsonl").code == 64
    shutil.rmtree(read.root / ".docbatch")

    told = read.call("state", "load", "state.jsonl", "--dry-run")

    assert (told.code, told.out.endswith("Nothing was changed.\n")) == (0, True)
    assert not (read.root / ".docbatch").exists()
    assert read.call("state", "load", "nowhere").code == 64
