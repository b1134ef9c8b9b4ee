"""Failures as a list to work on: listed, queued again by selectors, accepted for good or for a while."""

import json
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from docbatch.core.models import FailureClass
from docbatch.emulators.scenario import DocumentFate, Scenario
from docbatch.testing.attempt import Attempt
from docbatch.testing.matrix import HASTE, TIMES
from tests.cli.project import JOB, Ended, Project
from tests.providers.local import specimens
from tests.spool.vendor_story import CONFIGS, RECOVERY, vendors
from tests.spool.vendor_story import JOB as VENDOR_JOB

BAD = 7
DAYS = 86_400.0


def bad(number: int) -> bytes:
    return b"%%PDF-1.4 no document at all %d" % number


def spoilt(root: Path, number: int, *, failing: int = BAD) -> Project:
    """Return a project of so many documents, of which some are damaged."""
    project = Project(root)
    project.job()
    project.write({f"in/{each:04}.txt": f"document {each}" for each in range(number - failing)})
    project.write({f"in/bad/{each}.pdf": bad(each) for each in range(failing)})
    return project


@contextmanager
def later(days: float) -> Iterator[None]:
    with mock.patch.object(time, "time", return_value=time.time() + days * DAYS):
        yield


def summary(ended: Ended) -> dict[str, Any]:
    line = ended.lines[-1]
    assert line["type"] == "summary"
    return line


def sent(ended: Ended) -> int:
    return sum(line["documents"] for line in ended.lines if line["type"] == "intended")


@pytest.mark.parametrize("number", [20, pytest.param(1000, marks=pytest.mark.full)])
def test_a_few_of_many_fail_and_are_worked_off(tmp_path: Path, number: int) -> None:
    project = spoilt(tmp_path, number)
    first = project.call("apply")
    assert (first.code, len(project.outputs())) == (3, number - BAD)

    assert "bad/0.pdf in job 'job': corrupt: " in project.call("retry", "--dry-run").out
    queued, again = project.call("retry", "--json"), project.call("retry")
    assert (summary(queued)["documents"], again.code) == (BAD, 0)
    assert (
        again.out == f"nothing to retry\n{BAD} documents queued earlier: 'docbatch apply' sends what waits\n"
    )
    ended = project.call("apply", "--json")
    assert (ended.code, sent(ended)) == (3, BAD)

    accepted = project.call("accept", "--path", "bad/[01].pdf", "--reason", "damaged at the sender's")
    assert "2 documents accepted" in accepted.out
    left = project.call("apply")
    assert (left.code, f"{BAD} failed, 2 of them accepted" in left.out) == (3, True)
    assert "bad/0.pdf: corrupt" not in left.out.partition("Nothing is due")[2]
    assert summary(project.call("failures", "--json"))["counted"] == BAD - 2
    assert summary(project.call("retry", "--dry-run", "--json"))["documents"] == BAD - 2

    waived = project.call(
        "waive", "--path", "bad/[2-6].pdf", "--reason", "the sender mends them", "--for", "30d"
    )
    assert (waived.code, project.call("apply").code) == (0, 0)
    assert project.call("apply", "--json").processed == 0
    with later(31):
        back = project.call("apply")
        assert back.code == 3
        for told in (back, project.call("status"), project.call("plan")):
            assert f"the waivers of {BAD - 2} documents have ended" in told.out
        assert summary(project.call("failures", "--json"))["over"] == BAD - 2
    assert project.call("apply").code == 0


def test_each_attempt_is_listed_with_its_time(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 1, failing=1)
    project.call("apply")
    project.call("retry")
    with later(3):
        project.call("apply")

    (failure, _) = project.call("failures", "--json").lines

    assert (failure["attempts"], [each["attempt"] for each in failure["tried"]]) == (2, [0, 1])
    assert {each["class"] for each in failure["tried"]} == {"corrupt"}
    first, last = (datetime.fromisoformat(failure[name]) for name in ("first", "last"))
    assert (last - first).days == 3
    assert [each["at"] for each in failure["tried"]] == [failure["first"], failure["last"]]
    told = project.call("failures").out
    assert "2 attempts, failed first " in told
    assert "attempt 1: corrupt: " in told
    assert "attempt 2 failed " in project.call("explain", "in/bad/0.pdf").out


def test_what_is_listed_names_the_command_that_works(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 2, failing=0)
    project.write({"in/odd [1] name.pdf": bad(1), "in/nothing.txt": ""})
    project.call("apply")

    lines = {
        line["path"]: line for line in project.call("failures", "--json").lines if line["type"] == "failure"
    }

    assert lines["nothing.txt"]["next"] == "docbatch apply"
    assert lines["nothing.txt"]["first"] is not None
    command = lines["odd [1] name.pdf"]["next"]
    assert command == r'docbatch accept --job job --class corrupt --path "odd \[1\] name.pdf" --reason TEXT'


def test_names_of_others_are_escaped(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 0, failing=0)
    project.write({"in/a\x1b[31m.pdf": bad(1)})
    project.call("apply")

    assert "\x1b" not in project.call("failures").out
    line, _ = project.call("failures", "--json").lines
    assert line["path"] == "a\x1b[31m.pdf"
    assert line["next"].endswith(r'--path "a?\[31m.pdf" --reason TEXT')
    assert "1 document accepted" in project.call("accept", "--path", r"a?\[31m.pdf", "--reason", "odd").out


def test_long_lists_end_with_how_many_more(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 5, failing=5)
    project.call("apply")

    told = project.call("failures", "--limit", "2").out

    assert told.splitlines()[0] == "5 documents: 5 corrupt"
    assert "and 3 more" in told
    assert "more" not in project.call("failures", "--limit", "0").out


SELECTED = [
    (["--job", "job"], 2),
    (["--job", "other"], 1),
    (["--class", "corrupt"], 2),
    (["--class", "corrupt", "--class", "empty"], 3),
    (["--path", "bad/*"], 2),
    (["--path", "bad/0.pdf", "--path", "none"], 1),
    (["--label", "team=finance"], 1),
    (["--label", "team=finance", "--label", "year=2026"], 0),
    (["--older-than", "1s"], 3),
    (["--older-than", "9d"], 0),
    (["--job", "job", "--path", "**/1.*"], 1),
]


@pytest.fixture(scope="module")
def once_two_jobs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = spoilt(tmp_path_factory.mktemp("two"), 4, failing=2)
    other = (
        JOB.replace("name: job", "name: other").replace("root: in", "root: more").replace("out/", "other/")
    )
    project.job(other + "labels: {team: finance}\n", "other")
    project.write({"more/nothing.txt": "", "more/well.txt": "words"})
    assert project.call("apply").code == 3
    return project.kept()


@pytest.fixture
def two_jobs(once_two_jobs: Project) -> Project:
    return once_two_jobs.put_back()


@pytest.mark.parametrize(("options", "number"), SELECTED, ids=[" ".join(each) for each, _ in SELECTED])
def test_selectors(two_jobs: Project, options: Sequence[str], number: int) -> None:
    with later(1):
        found = summary(two_jobs.call("failures", *options, "--json"))
        told = two_jobs.call("failures", *options)

    assert (found["documents"], told.code) == (number, 0)
    if not number:
        assert "; 3 documents would: 2 corrupt of job 'job', 1 empty of job 'other'" in told.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--class", "odd"], "there is no failure class 'odd'"),
        (["--job", "odd"], "the state knows no job 'odd'"),
        (["--path", "/in"], "is absolute"),
        (["--label", "odd"], "write it as NAME=VALUE"),
        (["--older-than", "odd"], "is no duration"),
    ],
)
@pytest.mark.parametrize("command", [["failures"], ["retry"], ["accept", "--reason", "r"]])
def test_selectors_that_are_none(
    two_jobs: Project, command: list[str], options: list[str], told: str
) -> None:
    ended = two_jobs.call(*command, *options)

    assert ended.code == 64
    assert told in ended.err


def test_labels_are_those_declared_now(two_jobs: Project) -> None:
    spec = two_jobs.root / "jobs/other.yaml"
    spec.write_text(spec.read_text().replace("finance", "sales"))

    assert summary(two_jobs.call("failures", "--label", "team=sales", "--json"))["documents"] == 1
    assert "labels there are: team=sales" in two_jobs.call("retry", "--label", "team=finance").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["accept", "--all"], "--reason TEXT is needed"),
        (["accept", "--reason", "r"], "which documents are meant is not said"),
        (["accept", "--all", "--reason", " "], "a reason is needed"),
        (["accept", "--path", "none", "--reason", "r"], "no document that is not well matches --path none"),
        (["accept", "--all", "--reason", "r", "--withdraw"], "--reason has no meaning"),
        (["waive", "--all", "--reason", "r"], "say how long"),
        (["waive", "--all", "--reason", "r", "--for", "1d", "--until", "2030-01-01"], "says twice how long"),
        (["waive", "--all", "--reason", "r", "--until", "2020-01-01"], "has passed already"),
        (["waive", "--all", "--reason", "r", "--until", "soon"], "is no day"),
    ],
)  # fmt: skip
def test_what_is_not_accepted(two_jobs: Project, arguments: list[str], told: str) -> None:
    ended = two_jobs.call(*arguments)

    assert ended.code == 64
    assert told in ended.err
    assert two_jobs.call("apply").code == 3


def test_a_waiver_holds_to_the_end_of_its_last_day(two_jobs: Project) -> None:
    two_jobs.call("waive", "--all", "--reason", "r", "--until", "2099-12-31")

    line = two_jobs.call("failures", "--json").lines[0]

    assert (line["acceptance"]["as"], line["acceptance"]["until"]) == ("waived", "2100-01-01T00:00:00Z")


def test_a_waiver_may_reach_to_the_end_of_calendars(two_jobs: Project) -> None:
    two_jobs.call("waive", "--all", "--reason", "r", "--until", "9999-12-31")

    assert "waived until 9999-12-31 23:59:5" in two_jobs.call("failures").out


def test_a_dry_run_changes_nothing_and_taking_back_undoes(two_jobs: Project) -> None:
    assert (
        "3 documents would be accepted" in two_jobs.call("accept", "--all", "--reason", "r", "--dry-run").out
    )
    assert two_jobs.call("apply").code == 3
    two_jobs.call("accept", "--all", "--reason", "r")
    assert two_jobs.call("apply").code == 0
    assert "3 documents would count again" in two_jobs.call("accept", "--all", "--withdraw", "--dry-run").out
    assert two_jobs.call("apply").code == 0

    taken = two_jobs.call("waive", "--job", "other", "--withdraw", "--json")

    assert (summary(taken)["documents"], two_jobs.call("apply").code) == (1, 3)


def other_bytes(project: Project) -> None:
    project.write({"in/bad/0.pdf": bad(99)})


def other_class(project: Project) -> None:
    project.write({"in/bad/0.pdf": ""})


def other_item(project: Project) -> None:
    project.job(JOB + "config: {timeout: 77, languages: [deu]}\n")


@pytest.mark.parametrize("change", [other_bytes, other_class, other_item])
def test_another_failure_is_not_accepted(tmp_path: Path, change: Callable[[Project], None]) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.call("apply")
    project.call("accept", "--all", "--reason", "r")
    assert project.call("apply").code == 0

    change(project)

    assert project.call("apply").code == 3


def test_the_same_failure_stays_accepted_when_it_is_tried_again(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.call("apply")
    project.call("accept", "--all", "--reason", "r")
    assert "1 document left out, which the exit code does not count" in project.call("retry").out

    assert "1 document queued" in project.call("retry", "--all").out
    assert project.call("apply").code == 0


def test_what_cannot_be_sent_is_not_accepted_for_what_comes_later(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 1, failing=0)
    project.write({"in/nothing.txt": ""})
    project.call("apply")
    project.call("accept", "--all", "--reason", "it will be written later")
    assert project.call("apply").code == 0
    project.write({"in/nothing.txt": "words"})
    assert project.call("apply").code == 0

    project.write({"in/nothing.txt": ""})

    assert project.call("apply").code == 3


PARTIAL = JOB + "on_partial: {}\n"


def half(root: Path, word: str) -> Project:
    """Return a project with a document of which a page cannot be read, at a service."""
    project = spoilt(root, 2, failing=0)
    project.write({"in/half.pdf": specimens.pdf(scanned=(2,))})
    project.job(PARTIAL.replace("{}", word) + "config: {ocr: 'off'}\n")
    return project


@pytest.mark.parametrize(
    ("word", "code", "standing", "delivered"),
    [
        ("report", 3, {"partial": 1}, True),
        ("accept", 0, {"partial": 1}, True),
        ("fail", 3, {"failed": 1}, False),
    ],
)
def test_what_a_job_makes_of_partial_documents(
    tmp_path: Path, word: str, code: int, standing: dict[str, int], *, delivered: bool
) -> None:
    project = half(tmp_path, word)

    first, second = project.call("apply", "--json"), project.call("apply", "--json")

    for ended in (first, second):
        assert (ended.code, ended.lines[-1]["jobs"][0]["standing"]) == (code, standing)
    assert ("half.pdf.md" in project.outputs()) == delivered
    assert second.processed == 0
    (line, _) = project.call("failures", "--json").lines
    assert (line["class"], line["accepted"]) == ("lost", code == 0)
    assert ("on_partial: fail" in project.call("explain", "in/half.pdf").out) == (not delivered)
    assert ("which the job accepts" in project.call("apply").out) == (code == 0)


def test_another_word_on_partial_documents_costs_nothing(tmp_path: Path) -> None:
    project = half(tmp_path, "fail")
    spec = project.root / "jobs/job.yaml"
    lines = (
        PARTIAL.replace("on_partial", "  - {type: jsonl, path: out/all.jsonl}\non_partial")
        + "config: {ocr: 'off'}\n"
    )
    spec.write_text(lines.replace("{}", "fail"))
    project.call("apply")
    assert b"half.pdf" not in project.outputs()["all.jsonl"]
    for word, code in (("report", 3), ("accept", 0), ("fail", 3), ("accept", 0)):
        spec.write_text(lines.replace("{}", word))
        for _ in range(2):
            ended = project.call("apply", "--json")
            assert (word, ended.code, ended.processed) == (word, code, 0)
            assert "half.pdf.md" in project.outputs()
            assert (b"half.pdf" in project.outputs()["all.jsonl"]) == (word != "fail")


@contextmanager
def at_a_vendor(root: Path, provider: str, number: int) -> Iterator[Attempt[Any]]:
    story = vendors()[provider]
    root.mkdir(exist_ok=True)
    with story.emulator() as emulator:
        emulator.haste = HASTE
        fates = (DocumentFate(name="*bad*", fails=FailureClass.CORRUPT, says="it is spoilt"),)
        emulator.scenario = Scenario(documents=fates)
        story.write(root, emulator, RECOVERY)
        for file in (root / "in").rglob("*.*"):
            file.unlink()
        project = Project(root)
        names = [f"bad{each}" if each < BAD else f"good{each}" for each in range(number)]
        project.write({f"in/{name}.txt": f"document {name}" for name in names})
        project.job(VENDOR_JOB.format(provider=provider, config=CONFIGS[provider]))
        yield Attempt(story, emulator, root, story.environment)


def apply_until_done(attempt: Attempt[Any]) -> None:
    codes = [attempt.run("apply", "--yes").code]
    while codes[-1] == 4 and len(codes) < 5:
        codes.append(attempt.run("apply", "--yes").code)
    assert codes[-1] == 3, attempt.runs[-1]


def listed(attempt: Attempt[Any]) -> list[dict[str, Any]]:
    ended = attempt.run("failures", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    return [line for line in lines if line["type"] == "failure"]


# What is recorded of an attempt is the engine's own affair: the short form asks at one vendor, the long one at all.
@pytest.mark.parametrize(
    "provider",
    ["extend", *(pytest.param(each, marks=pytest.mark.full) for each in ("llamacloud", "extractpage"))],
)
def test_killed_anywhere_each_attempt_is_recorded_once(tmp_path: Path, provider: str) -> None:
    with at_a_vendor(tmp_path / "whole", provider, 12) as undisturbed:
        apply_until_done(undisturbed)
        effects = len(undisturbed.effects)
        whole = listed(undisturbed)
        assert [len(each["tried"]) for each in whole] == [1] * BAD
        assert all(each["tried"][0]["submission"] for each in whole)
        # One of the services delivers what it could not read without a page.
        (kind,) = {each["class"] for each in whole}
    dice = random.Random(provider)
    for moment in range(1):
        with at_a_vendor(tmp_path / str(moment), provider, 12) as attempt:
            code = attempt.run("apply", "--yes", die_at=dice.randint(effects // 2, effects)).code
            assert code in {3, -signal.SIGKILL}
            apply_until_done(attempt)
            found = listed(attempt)
            assert [(each["path"], len(each["tried"]), each["attempts"]) for each in found] == [
                (each["path"], 1, 1) for each in whole
            ]
            paid = len(attempt.emulator.ledger)
            assert attempt.run("retry", "--job", "job").out.startswith(
                f"nothing to retry\n{BAD} documents left out ({BAD} {kind})"
            )
            attempt.run("retry", "--class", kind)
            apply_until_done(attempt)
            assert len(attempt.emulator.ledger) == paid + BAD
            assert {len(each["tried"]) for each in listed(attempt)} == {2}
            assert attempt.run("accept", "--class", kind, "--reason", "r").code == 0
            assert attempt.run("apply", "--yes").code == 0


def test_what_is_tried_again_by_itself_is_told_wherever_it_is_asked_for(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.job(JOB + "retry: {corrupt: {times: 1, wait: 1h}}\n")
    # A busy machine may need all of the time to come as far as the first try.
    for given in TIMES:
        assert project.call("apply", "--timeout", given).code == 4
        planned = project.call("plan").out
        if "1 failed earlier" in planned:
            break

    assert "1 failed earlier, tried again later" in planned
    assert (
        "will be tried again by itself, once its retry is due" in project.call("explain", "in/bad/0.pdf").out
    )
    assert "      tried again by apply from " in project.call("failures").out
    (line, _) = project.call("failures", "--json").lines
    assert line["again"] > line["last"]
    assert project.call("accept", "--all", "--reason", "as it is").code == 0
    assert "tried again by apply" not in project.call("failures").out
    assert "1 failed earlier, not tried again" in project.call("plan").out
    assert project.call("apply").code == 0


def test_who_selects_what_waits_for_another_try_is_told_so(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 2, failing=2)
    project.call("apply")
    project.call("retry")

    refused = project.call("accept", "--path", "bad/*", "--reason", "damaged")

    assert refused.code == 64
    assert "nothing would: 2 documents that failed wait to be tried again" in refused.err


def test_a_waiver_says_once_how_long(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 1, failing=1)
    project.call("apply")

    refused = project.call("waive", "--all", "--reason", "r", "--until", "2030-01-01", "--for", "3d")

    assert refused.code == 64
    assert "says twice how long" in refused.err


def test_what_was_queued_is_taken_back_with_what_was_said_of_it(two_jobs: Project) -> None:
    two_jobs.call("waive", "--path", "bad/0.pdf", "--reason", "r", "--for", "3d")
    before = two_jobs.call("failures").out
    assert "2 documents queued" in two_jobs.call("retry", "--all").out

    assert "2 documents would be taken back" in two_jobs.call("retry", "--undo", "--dry-run").out
    one = two_jobs.call("retry", "--undo", "--path", "bad/1.pdf", "--json")
    assert [line["path"] for line in one.lines if line["type"] == "taken_back"] == ["bad/1.pdf"]
    assert "1 document taken back" in two_jobs.call("retry", "job", "--undo").out

    assert two_jobs.call("failures").out == before
    assert two_jobs.call("retry", "--undo").out.startswith("nothing to undo")
    assert two_jobs.call("apply", "--json").processed == 0


def test_what_was_read_since_is_not_taken_back(two_jobs: Project) -> None:
    two_jobs.call("retry")
    two_jobs.call("apply")

    told, said = two_jobs.call("retry", "--undo"), two_jobs.call("retry", "--undo", "--json")

    assert "not taken back: bad/0.pdf in job 'job': it was tried since, and is failed" in told.out
    assert (summary(said)["documents"], summary(said)["left"], told.code) == (0, 2, 0)


def test_rows_of_failures_are_as_before_once_a_retry_is_taken_back(tmp_path: Path) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.job(JOB + "  - {type: jsonl, path: out/all.jsonl, failures: true}\n")
    project.call("apply")
    before = project.outputs()
    project.call("retry")
    project.call("retry", "--undo")

    assert (project.call("apply", "--json").processed, project.outputs()) == (0, before)


def test_all_is_no_word_beside_undo(two_jobs: Project) -> None:
    refused = two_jobs.call("retry", "--all", "--undo")

    assert refused.code == 64
    assert "--all has no meaning beside --undo" in refused.err


def said(project: Project) -> str | None:
    line = project.call("failures", "--path", "bad/0.pdf", "--json").lines[0]
    return (
        None if line["acceptance"] is None else f"{line['acceptance']['as']}: {line['acceptance']['reason']}"
    )


def former(project: Project) -> list[tuple[str, str]]:
    line = project.call("failures", "--path", "bad/0.pdf", "--json").lines[0]
    return [(each["as"], each["reason"]) for each in line["former_acceptances"]]


def test_what_was_said_before_comes_back_once_the_later_word_is_taken_back(two_jobs: Project) -> None:
    two_jobs.call("waive", "--path", "bad/0.pdf", "--reason", "first", "--for", "3d")
    two_jobs.call("accept", "--path", "bad/*", "--reason", "second")
    assert (said(two_jobs), former(two_jobs)) == ("accepted: second", [("waived", "first")])
    assert "earlier waived until" in two_jobs.call("explain", "in/bad/0.pdf").out

    tried = two_jobs.call("accept", "--path", "bad/*", "--undo", "--dry-run")
    assert "2 documents would count again, but for 1 as said before" in tried.out
    assert said(two_jobs) == "accepted: second"
    taken = two_jobs.call("accept", "--path", "bad/*", "--undo", "--json")

    assert [line["after"] and line["after"]["reason"] for line in taken.lines[:-1]] == ["first", None]
    assert (said(two_jobs), former(two_jobs)) == ("waived: first", [])
    with later(4):
        assert "the waiver of 1 document has ended" in two_jobs.call("apply").out
    assert "1 document counts again" in two_jobs.call("waive", "--path", "bad/*", "--undo").out
    assert said(two_jobs) is None
    assert "none of them was accepted or waived" in two_jobs.call("accept", "--all", "--undo").out


def test_what_was_withdrawn_is_kept_and_does_not_come_back_by_itself(two_jobs: Project) -> None:
    two_jobs.call("accept", "--all", "--reason", "first")
    two_jobs.call("accept", "--all", "--reason", "second")
    two_jobs.call("accept", "--all", "--withdraw")
    assert (said(two_jobs), former(two_jobs)) == (None, [("accepted", "first"), ("accepted", "second")])
    two_jobs.call("accept", "--all", "--reason", "third")

    two_jobs.call("accept", "--all", "--undo")

    assert said(two_jobs) is None
    assert "; ended by " in two_jobs.call("explain", "in/bad/0.pdf").out


def test_what_was_said_follows_a_renamed_job(two_jobs: Project) -> None:
    two_jobs.call("accept", "--all", "--reason", "first")
    two_jobs.call("accept", "--all", "--reason", "second")
    two_jobs.call("state", "mv", "job", "job", "jobs")

    two_jobs.call("accept", "--path", "bad/0.pdf", "--undo")

    assert said(two_jobs) == "accepted: first"
