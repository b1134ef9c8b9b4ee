"""What was not read, guessed or not to be seen is said by the command that finds it, and by every one after it."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch import open_project
from docbatch.sinks import outputs
from tests.cli.project import JOB, Project
from tests.providers.local import specimens
from tests.providers.local.blank import blank_pdf
from tests.providers.local.locked import locked_pdf

NOTHING = "empty: there is nothing to see in the document"
LINES = JOB.replace("  - type: files", "  - type: jsonl\n    path: out/all.jsonl\n  - type: files", 1)
DOCUMENTS: dict[str, str | bytes] = {
    "in/a.txt": "words",
    "in/blank.txt": " \n",
    "in/half.pdf": specimens.pdf(scanned=(2,)),
    "in/locked.pdf": locked_pdf("sesame"),
    "in/pages.pdf": blank_pdf(pages=3, blank=(2,)),
}
PARTIAL = "partial: half.pdf: lost: pictures without text on page 2; "


@pytest.fixture
def mixed(project: Project) -> Project:
    """A partial document, an empty one, one with an empty page, one that needs a password, and one that is well."""
    project.write(DOCUMENTS)
    project.job(LINES.replace("provider: local", "provider: local\nconfig: {ocr: 'off'}"))
    return project


def told(text: str) -> list[str]:
    """Return the lines about the job after its first."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("job"))
    return [line for line in lines[first + 1 :] if line.startswith("  ")]


def of_the_job(text: str) -> list[str]:
    _, _, after = text.rpartition("\njob: ")
    return told("job: " + after)


def test_a_run_ends_with_all_that_is_to_be_said_and_so_does_the_next(mixed: Project) -> None:
    first, second = mixed.call("apply"), mixed.call("apply")

    assert (first.code, second.code) == (3, 3)
    assert "Nothing is due." in second.out
    assert of_the_job(first.out) == of_the_job(second.out) == told(mixed.call("status").out)
    partial, locked, *warned = of_the_job(first.out)
    assert partial.startswith(f"  {PARTIAL}")
    assert locked.startswith("  failed: locked.pdf: encrypted: needs a password; set passwords: ")
    assert warned == [
        "  1 document is partial: something in it was not read",
        "  1 document is empty: there is nothing to see in it",
        "  1 document has pages that show nothing",
        f"    blank.txt: {NOTHING}",
        "    pages.pdf: empty: page 2 shows nothing",
    ]
    assert set(mixed.outputs()) == {"a.txt.md", "all.jsonl", "blank.txt.md", "half.pdf.md", "pages.pdf.md"}


def test_a_run_says_how_many_warnings_it_does_not_show(project: Project) -> None:
    guessed = "Счёт на оплату".encode("cp1251")
    project.write({f"in/{number}.txt": guessed if number % 2 else b" " for number in range(12)})
    project.write({"in/half.pdf": specimens.pdf(scanned=(2,))})
    project.job(JOB + 'config: {ocr: "off"}\n')

    lines = of_the_job(project.call("apply").out)

    assert len([line for line in lines if line.startswith("    ")]) == 11
    assert lines[-1] == "    and 2 more; 'docbatch status job' lists them"
    assert "more;" not in project.call("status").out


def test_scripts_and_programs_learn_the_same(mixed: Project) -> None:
    (job,) = mixed.call("apply", "--json").lines[-1]["jobs"]
    recorded = mixed.call("status", "--json").lines[0]
    outcome = open_project(mixed.root).apply().jobs[0]
    status = open_project(mixed.root).status().jobs[0]

    counts = {"lost": 1, "empty": 1, "empty_pages": 1}
    assert job["warned"] == recorded["warned"] == outcome.warned == status.warned == counts
    warnings = {each["path"]: each["warnings"] for each in job["warnings"]}
    assert warnings["blank.txt"] == [NOTHING]
    assert warnings["half.pdf"][0].startswith("lost: pictures without text on page 2; ")
    assert job["warnings"] == recorded["warnings"]
    assert {path: list(each) for path, each in outcome.warnings} == warnings
    assert outcome.warnings == status.warnings
    assert [(each["path"], each["class"]) for each in job["failures"]] == [
        ("half.pdf", "lost"),
        ("locked.pdf", "encrypted"),
    ]


def test_explain_tells_the_warnings_of_a_document(mixed: Project) -> None:
    mixed.call("apply")

    assert "\n  lost: pictures without text on page 2; " in mixed.call("explain", "in/half.pdf").out
    assert f"\n  {NOTHING}\n" in mixed.call("explain", "in/blank.txt").out


def test_a_partial_document_is_read_again_when_that_is_asked_for(mixed: Project) -> None:
    mixed.call("apply")

    assert "half.pdf in job 'job': lost: pictures" in mixed.call("retry", "--dry-run").out
    assert (
        mixed.call("retry", "--class", "lost")
        .out.partition("\nuntil")[0]
        .endswith("1 document queued; run 'docbatch apply'")
    )
    again = mixed.call("apply", "--json")

    assert again.processed == 1
    assert again.lines[-1]["jobs"][0]["standing"] == {"failed": 1, "partial": 1}


def documents(project: Project) -> set[str]:
    return {json.loads(line)["document"]["path"] for line in project.outputs()["all.jsonl"].splitlines()}


@pytest.fixture
def blank(project: Project) -> Project:
    project.write({"in/a.txt": "words", "in/blank.txt": " \n"})
    return project


STRICT = LINES + "on_empty: fail\n"


def test_an_empty_document_may_fail_its_job(blank: Project) -> None:
    blank.job(STRICT)
    first, second = blank.call("apply", "--json"), blank.call("apply", "--json")

    assert (first.code, second.code, second.processed) == (3, 3, 0)
    for ended in (first, second):
        job = ended.lines[-1]["jobs"][0]
        assert (job["standing"], job["warned"]) == ({"failed": 1}, {})
        (failure,) = job["failures"]
        assert (failure["path"], failure["class"]) == ("blank.txt", "empty")
    assert (set(blank.outputs()), documents(blank)) == ({"a.txt.md", "all.jsonl"}, {"a.txt"})
    assert blank.call("retry").out == "nothing to retry\n"
    assert "docbatch retry" not in blank.call("apply").out
    assert "counts as failed here" in blank.call("explain", "in/blank.txt").out
    assert [each.document.path for each in open_project(blank.root).results()] == ["a.txt"]
    assert "blank.txt\tfailed" in blank.call("state", "list").out


def test_a_change_of_mind_costs_nothing(blank: Project) -> None:
    blank.job(STRICT)
    blank.call("apply")
    blank.job(LINES)

    assert "to be written, free of charge: the job's output: " in blank.call("plan").out
    ended = blank.applied()
    assert (ended.processed, set(blank.outputs())) == (0, {"a.txt.md", "all.jsonl", "blank.txt.md"})
    assert documents(blank) == {"a.txt", "blank.txt"}

    assert "Nothing is due." in blank.call("plan").out

    blank.job(STRICT)
    ended = blank.call("apply", "--json")
    assert (ended.code, ended.processed, documents(blank)) == (3, 0, {"a.txt"})
    assert "blank.txt.md" in blank.outputs()


def test_an_output_that_could_not_be_written_is_let_go_with_its_document(blank: Project) -> None:
    blank.job(JOB)
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch.object(outputs, "create", side_effect=full):
        assert blank.call("apply").code == 1
    blank.job(JOB + "on_empty: fail\n")

    ended = blank.call("apply", "--json")

    assert (ended.code, ended.lines[-1]["errors"]) == (3, [])


def test_one_document_may_be_well_in_one_job_and_failed_in_another(blank: Project) -> None:
    blank.job(STRICT.replace("name: job", "name: strict").replace("out/", "strict/"), "strict")
    blank.job(LINES)

    ended = blank.call("apply", "--json")

    standing = {job["job"]: (job["standing"], job["warned"]) for job in ended.lines[-1]["jobs"]}
    assert standing == {"job": ({}, {"empty": 1}), "strict": ({"failed": 1}, {})}
    assert ended.processed == 2
    assert "blank.txt.md" in blank.outputs()
    assert set(blank.outputs("strict")) == {"a.txt.md", "all.jsonl"}


OPENED = JOB + "passwords: {file: secrets/pdf.txt}\n"


@pytest.fixture
def locked(project: Project) -> Project:
    project.write({"in/locked.pdf": locked_pdf("sesame")})
    project.job(OPENED)
    return project


def kept(project: Project) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in (project.root / ".docbatch").rglob("*") if path.is_file())


def test_a_password_opens_a_document_and_is_kept_nowhere(locked: Project) -> None:
    locked.write({"secrets/pdf.txt": "planted-other\nsesame\n"})

    ended = locked.call("apply", "--json")

    assert (ended.code, ended.processed) == (0, 1)
    assert b"Only for those who know" in locked.outputs()["locked.pdf.md"]
    assert not any(b"planted" in content or b"sesame" in content for content in kept(locked))
    assert "planted" not in ended.out + ended.err + locked.call("status").out
    locked.write({"secrets/pdf.txt": "another"})
    assert locked.applied().processed == 0


def test_a_wrong_one_fails_the_document_until_retry_has_a_better(locked: Project) -> None:
    locked.write({"secrets/pdf.txt": "planted\n"})
    ended = locked.call("apply")
    assert ended.code == 3
    assert "locked.pdf: encrypted: needs a password, and the password there is does not open it" in ended.out
    assert "planted" not in ended.out + ended.err

    locked.write({"secrets/pdf.txt": "sesame"})
    assert locked.call("apply", "--json").processed == 0
    assert "1 document queued" in locked.call("retry", "--class", "encrypted").out
    assert locked.applied().processed == 1


def test_passwords_that_cannot_be_read_stop_their_own_job_before_anything_is_sent(locked: Project) -> None:
    locked.write({"in/b.txt": "words", "other/c.txt": "others"})
    locked.job(
        JOB.replace("name: job", "name: other").replace("in\n", "other\n").replace("out/", "elsewhere/"),
        "other",
    )

    assert "secrets/pdf.txt cannot be read: No such file" in locked.call("plan").out
    ended = locked.call("apply", "--json")

    assert (ended.code, ended.processed) == (12, 1)
    assert (locked.outputs(), set(locked.outputs("elsewhere"))) == ({}, {"c.txt.md"})
    (error,) = ended.lines[-1]["errors"]
    assert error["message"].startswith("job 'job': passwords: secrets/pdf.txt cannot be read")
    locked.write({"secrets/pdf.txt": "sesame"})
    assert locked.applied().processed == 2


def test_a_command_gives_them_to_runs_that_send_and_to_nothing_else(locked: Project, tmp_path: Path) -> None:
    locked.write({"give.sh": "echo ran >> ran; echo sesame"})
    locked.job(JOB + "passwords: {command: [sh, give.sh]}\n")
    ran = locked.root / "ran"

    for command in ("validate", "plan"):
        assert locked.call(command).code == 0
    assert not ran.exists()
    assert locked.applied().processed == 1
    for command in ("apply", "status"):
        assert locked.call(command).code == 0
    assert ran.read_text() == "ran\n"
