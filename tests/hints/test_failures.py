"""Hints about documents that are not well: what to do next, and how what was done is undone."""

from pathlib import Path
from unittest import mock

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import Answer, Task
from docbatch.providers.local.worker import DocumentReader
from tests.cli.project import Project
from tests.cli.test_failures import bad, half, later, spoilt
from tests.hints.table import Hints, helps


@helps(
    "docbatch accept{} --reason TEXT",
    " --job {} --class {}",
    " --path {}",
    "docbatch accept{} --withdraw",
    "docbatch accept{} --undo",
    "--reason TEXT is needed: why may it stand?",
    "--reason has no meaning beside {}",
    "say one of --withdraw and --undo",
)
def test_a_failure_that_may_stand(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.call("apply")
    listed = project.call("failures", "--json")
    hints.see(listed, " --job {} --class {}")
    hints.see(listed, " --path {}")
    accepted = hints.follow(project, listed, "docbatch accept{} --reason TEXT", TEXT="known")
    assert project.call("apply").code == 0

    hints.see(project.call("failures", "--json"), "docbatch accept{} --withdraw")
    assert hints.follow(project, accepted, "docbatch accept{} --undo").code == 0
    assert project.call("apply").code == 3
    hints.see(project.call("accept", "--all"), "--reason TEXT is needed: why may it stand?")
    hints.see(
        project.call("accept", "--all", "--withdraw", "--reason", "r"),
        "--reason has no meaning beside {}",
    )
    hints.see(project.call("accept", "--all", "--withdraw", "--undo"), "say one of --withdraw and --undo")
    assert project.call("accept", "--all", "--reason", "r").code == 0
    assert project.call("accept", "--all", "--withdraw").code == 0


@helps("docbatch retry{}", "docbatch apply")
def test_a_failure_that_may_pass(project: Project, hints: Hints) -> None:
    project.write({"in/a.txt": "words", "in/nothing.txt": ""})
    answer = DocumentReader.answer

    def late(self: DocumentReader, task: Task) -> Answer:
        return Failure(FailureClass.TIMEOUT, "not read in time")

    with mock.patch.object(DocumentReader, "answer", late):
        project.call("apply")
    assert DocumentReader.answer is answer
    listed = project.call("failures")

    assert "1 document queued" in hints.follow(project, listed, "docbatch retry{}").out
    project.write({"in/nothing.txt": "more"})
    assert hints.follow(project, listed, "docbatch apply").code == 0


@helps(
    "{} queued earlier: 'docbatch apply' sends what waits",
    "{} left out, which the exit code does not count: 'docbatch failures' says why",
)
def test_retry_that_queues_nothing(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 2, failing=2)
    project.call("apply")
    project.call("accept", "--path", "bad/0.pdf", "--reason", "r")
    queued = project.call("retry")
    assert "accepted by" in hints.follow(project, queued, "{} left out", nth=1).out
    ended = hints.follow(project, project.call("retry"), "{} queued earlier")
    assert "1 of them accepted" in ended.out


@helps("  {}; 'docbatch failures' lists them", "say how long, by --until DATE or --for DURATION")
def test_a_waiver_that_is_over(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 1, failing=1)
    project.call("apply")
    hints.see(project.call("waive", "--all", "--reason", "r"), "say how long")
    project.call("waive", "--all", "--reason", "r", "--for", "1d")
    with later(2):
        told = project.call("apply")
        assert "the waiver ended" in hints.follow(project, told, "lists them").out
    assert project.call("apply").code == 0


@helps(
    "select them by --job, --class, --path, --label or --older-than, or say --all; nothing was changed",
    "nothing was changed; documents that are held are settled by 'docbatch resolve' or 'docbatch retry --class held'",
    "--older-than {} counts from when a document failed last",
    "--path: {}",
)
def test_selectors_that_select_nothing(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 1, failing=1)
    project.call("apply")
    hints.see(project.call("accept", "--reason", "r"), "select them by")
    hints.see(project.call("accept", "--path", "none", "--reason", "r"), "nothing was changed; documents")
    hints.see(project.call("failures", "--older-than", "9d"), "--older-than {} counts")
    hints.see(project.call("failures", "--path", "/in"), "--path: {}")

    assert "1 document accepted" in project.call("accept", "--path", "bad/*", "--reason", "r").out


@helps("and {} more; --json names all", "    and {} more; --limit 0 names all")
def test_long_lists(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 22, failing=22)
    project.call("apply")
    hints.see(project.call("failures"), "--limit 0 names all")
    hints.see(project.call("accept", "--all", "--reason", "r"), "--json names all")

    assert project.call("failures", "--limit", "0").out.count("bad/") == 22
    assert len(project.call("accept", "--all", "--reason", "r", "--json").lines) == 23


@helps("docbatch retry{}")
def test_a_partial_document_is_listed_with_its_next_try(tmp_path: Path, hints: Hints) -> None:
    project = half(tmp_path, "report")
    project.call("apply")

    assert "1 document queued" in hints.follow(project, project.call("failures"), "docbatch retry{}").out


@helps(
    "docbatch retry{} --undo",
    "and {} more that were sent; --json names all",
    "--all has no meaning beside --undo, which takes back all that is queued unless selectors say less",
)
def test_what_was_queued_by_mistake(tmp_path: Path, hints: Hints) -> None:
    project = spoilt(tmp_path, 2, failing=1)
    project.call("apply")
    queued = project.call("retry", "--class", "corrupt")

    taken = hints.follow(project, queued, "docbatch retry{} --undo")

    assert "1 document taken back" in taken.out
    assert "1 document would be queued" in project.call("retry", "--dry-run").out
    hints.see(project.call("retry", "--all", "--undo"), "--all has no meaning")
    project.write({f"in/bad/{number}.pdf": bad(number) for number in range(22)})
    project.call("apply")
    project.call("retry")
    project.call("apply")
    hints.see(project.call("retry", "--undo"), "--json names all")
    assert len(project.call("retry", "--undo", "--json").lines) == 23
