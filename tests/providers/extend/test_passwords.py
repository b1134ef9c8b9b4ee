"""Passwords at Extend: one goes along with the upload of a PDF that needs one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.objects import OPENS
from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project

LOCKED = "%PDF-1.7 <</Encrypt 5 0 R>> it is locked"
OPEN = "%PDF-1.7 open"


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


def project(root: Path, vendor: ExtendEmulator, passwords: str) -> Project:
    made = extend_project(root, vendor, documents={"in/locked.pdf": LOCKED, "in/open.pdf": OPEN})
    spec = root / "jobs/job.yaml"
    spec.write_text(spec.read_text() + "passwords: {file: pdf.txt}\n")
    made.write({"pdf.txt": passwords})
    return made


def given(vendor: ExtendEmulator) -> dict[str, str | None]:
    return {file.name.rpartition("-")[2]: file.password for file in vendor.files.values()}


def test_it_goes_along_with_the_document_that_needs_it_alone(tmp_path: Path, vendor: ExtendEmulator) -> None:
    made = project(tmp_path, vendor, OPENS)

    assert made.applied().processed == 2

    assert given(vendor) == {"locked.pdf": OPENS, "open.pdf": None}
    created = [request.body for request in vendor.sent("POST") if "upload" not in request.path]
    recorded = [path.read_bytes() for path in (tmp_path / ".docbatch").rglob("*") if path.is_file()]
    assert not any(OPENS.encode() in content for content in (*created, *recorded))


def test_after_a_wrong_one_the_document_is_uploaded_anew(tmp_path: Path, vendor: ExtendEmulator) -> None:
    made = project(tmp_path, vendor, "planted")
    ended = made.call("apply")
    assert ended.code == 3
    assert "encrypted" in ended.out
    assert "set passwords: in the job" in ended.out
    assert "planted" not in ended.out + ended.err

    made.write({"pdf.txt": OPENS})
    assert "1 document queued" in made.call("retry").out
    assert made.applied().processed == 1

    assert len(vendor.files) == 3
    assert given(vendor)["locked.pdf"] == OPENS


def test_of_several_none_is_tried_and_the_document_alone_fails(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    made = project(tmp_path, vendor, f"planted\n{OPENS}\n")

    ended = made.call("apply", "--json")

    (failure,) = ended.lines[-1]["jobs"][0]["failures"]
    assert (ended.code, failure["path"], failure["class"]) == (3, "locked.pdf", "encrypted")
    assert "takes one, not 2 to be tried" in failure["message"]
    assert given(vendor) == {"open.pdf": None}
