"""What `docbatch retry` sends again where it costs money."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch import open_project
from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project

DOCUMENTS = {
    "in/a.txt": "corrupt",
    "in/b.txt": "locked",
    "in/c.txt": "novel",
    "in/d.txt": "fine",
    "in/e.txt": "corrupt 2",
}


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as made:
        yield made
        assert made.errors == []


@pytest.fixture
def failed(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    """Return a project after a run in which all but one document failed."""
    made = extend_project(tmp_path, vendor, documents=DOCUMENTS)
    assert made.call("apply").code == 3
    return made


def test_what_would_fail_again_is_left_out_and_the_command_that_takes_it_is_named(failed: Project) -> None:
    told = failed.call("retry").out

    assert told.splitlines()[1:] == [
        "1 document queued; run 'docbatch apply'",
        (
            "3 documents left out (2 corrupt, 1 encrypted): the same bytes end the same way, and may be charged again;"
            " 'docbatch retry --class corrupt --class encrypted' queues them all the same"
        ),
        "until they are sent, 'docbatch retry --undo' takes it back",
    ]
    assert told.startswith("c.txt in job 'job': unknown")


@pytest.mark.parametrize(
    "asked", [("--all",), ("--class", "corrupt", "--class", "encrypted", "--class", "unknown")]
)
def test_who_asks_for_it_gets_it(failed: Project, asked: tuple[str, ...]) -> None:
    told = failed.call("retry", *asked).out

    assert told.splitlines()[4] == "4 documents queued; run 'docbatch apply'"


def test_a_job_that_was_named_is_in_the_command(failed: Project) -> None:
    told = failed.call("retry", "job", "--dry-run").out

    assert "1 document would be queued" in told
    assert "'docbatch retry --job job --class corrupt --class encrypted'" in told


def test_the_end_of_a_run_names_a_command_that_helps(tmp_path: Path, vendor: ExtendEmulator) -> None:
    made = extend_project(tmp_path, vendor, documents={"in/a.txt": "corrupt", "in/d.txt": "fine"})

    told = made.call("apply").out

    assert "'docbatch retry --all' queues them all the same" in told
    assert "1 document queued" in made.call("retry", "--all").out


def test_explain_names_the_command_that_takes_a_document_up(failed: Project) -> None:
    assert "'docbatch retry --class corrupt' queues it" in failed.call("explain", "in/a.txt").out
    assert "'docbatch retry' queues it" in failed.call("explain", "in/c.txt").out


def test_nothing_is_sent_again_that_was_left_out(failed: Project, vendor: ExtendEmulator) -> None:
    before = len(vendor.ledger)

    failed.call("retry")
    failed.call("apply")

    assert len(vendor.ledger) == before + 1


def test_locked_documents_are_sent_again_where_the_job_has_passwords_now(failed: Project) -> None:
    job = failed.root / "jobs" / "job.yaml"
    failed.write({"words.txt": "sesame", "jobs/job.yaml": job.read_text() + "passwords: {file: words.txt}\n"})

    told = failed.call("retry").out

    assert "b.txt in job 'job': encrypted" in told
    assert "2 documents left out (2 corrupt)" in told


def test_programs_learn_how_many_were_left_out(failed: Project) -> None:
    found = open_project(failed.root).retry(dry_run=True)

    assert [each.path for each in found] == ["c.txt"]
    assert found.left_out == {"corrupt": 2, "encrypted": 1}
