"""Results read again by a program: what JSON outputs hold, a few at a time."""

import json
import threading
from dataclasses import dataclass, replace
from typing import cast

import pytest

import docbatch
from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.administration import read_results
from docbatch.providers import REGISTRY
from docbatch.state import lock
from docbatch.state.documents import Documents
from tests.cli.project import JOB, Project
from tests.kept_results import KeptResult

LINES = JOB + "  - {type: jsonl, path: lines.jsonl}\n"
SIGNED = "https://bucket.example/a.pdf?X-Amz-Signature=5ec7e7"
LOCAL = REGISTRY.kind("local")


@dataclass(frozen=True)
class Answered:
    """An answer with something raw beside it."""

    answer: Answer
    raw: object

    def result(self, document: DocumentInfo) -> docbatch.Result:
        return self.answer.result(document).model_copy(update={"raw": self.raw})


@pytest.fixture
def applied(files: Project) -> docbatch.Project:
    files.job(LINES)
    files.write({f"in/{name}.txt": f"text {name}" for name in "abcde"})
    project = docbatch.open_project(files.root)
    assert project.apply().exit_code == 0
    return project


def entry(project: docbatch.Project, path: str) -> KeptResult:
    """Return a document's result in the spool."""
    (explanation,) = project.explain(path)
    (digest,) = [fact.split()[1] for fact in explanation.facts if fact.startswith("result ")]
    return KeptResult(project.root / ".docbatch", digest)


@pytest.mark.parametrize("window", [1, 2, 5, 256])
def test_results_are_those_of_json_outputs_in_order_of_paths(
    window: int, applied: docbatch.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_results, "WINDOW", window)
    lines = (applied.root / "lines.jsonl").read_text().splitlines()

    results = list(applied.results("job"))

    assert [result.document.path for result in results] == [f"{name}.txt" for name in "abcde"]
    facts = {"job": "job", "labels": {}, "columns": {}}
    assert [facts | result.model_dump(mode="json") for result in results] == list(map(json.loads, lines))


def test_without_a_job_the_results_of_all_are_meant(applied: docbatch.Project, files: Project) -> None:
    files.job(JOB.replace("name: job", "name: another").replace("out/", "other/"), "another")
    files.write({"in/f.txt": "text f"})
    applied.apply()

    assert len(list(applied.results())) == 12
    assert len(list(applied.results("another"))) == 6


def test_what_failed_has_no_result(project: docbatch.Project) -> None:
    project.apply()
    assert [result.document.path for result in project.results()] == ["a.txt", "b.txt"]


def test_presigned_links_in_the_raw_answer_are_cut(applied: docbatch.Project) -> None:
    raw = {"file": SIGNED, "pages": [{"text": "one", "number": 1.5}], "none": None}

    def read(payload: bytes) -> Answer:
        return cast("Answer", Answered(LOCAL.read(payload), raw))

    with REGISTRY.added(replace(LOCAL, read=read), replacing=True):
        result = next(applied.results("job"))

    assert result.raw == {**raw, "file": "https://bucket.example/a.pdf"}
    assert result.text == "text a"


@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_a_spoilt_result_names_its_document_and_what_to_do(fault: str, applied: docbatch.Project) -> None:
    file = entry(applied, "in/b.txt")
    if fault == "missing":
        file.remove()
    else:
        file.write_bytes(entry(applied, "in/c.txt").read_bytes())

    results = applied.results("job")
    assert next(results).document.path == "a.txt"
    with pytest.raises(
        docbatch.StateError, match=rf"^job 'job': b\.txt: the stored result .* is {fault}"
    ) as raised:
        next(results)

    assert "'docbatch state check --repair', then 'docbatch apply'" in str(raised.value.hint)
    assert list(results) == []


def test_who_takes_the_errors_gets_the_other_results(applied: docbatch.Project) -> None:
    entry(applied, "in/b.txt").remove()
    errors: list[docbatch.StateError] = []

    found = [result.document.path for result in applied.results(on_error=errors.append)]

    assert found == ["a.txt", "c.txt", "d.txt", "e.txt"]
    assert [error.message.partition(": the")[0] for error in errors] == ["job 'job': b.txt"]


@pytest.mark.parametrize("error", [ValueError("no pages"), RecursionError("too deep")])
def test_a_result_of_another_shape_is_an_error_of_its_document(
    error: Exception, applied: docbatch.Project
) -> None:
    def refuse(_payload: bytes) -> Answer:
        raise error

    with (
        REGISTRY.added(replace(LOCAL, read=refuse), replacing=True),
        pytest.raises(
            docbatch.StateError, match=rf"^job 'job': a\.txt: .* not understood: {error}$"
        ) as raised,
    ):
        next(applied.results("job"))

    assert "'docbatch explain a.txt'" in str(raised.value.hint)


def test_results_are_read_while_another_run_holds_the_state(applied: docbatch.Project) -> None:
    with lock.hold(applied.root / ".docbatch" / "lock"):
        assert len(list(applied.results())) == 5
        assert applied.status().owner is not None


def test_no_more_is_read_than_a_window_ahead(
    applied: docbatch.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    ask = Documents.with_results

    def counted(self: Documents, job: str, after: bytes, limit: int) -> object:
        asked.append(after)
        return ask(self, job, after, limit)

    monkeypatch.setattr(read_results, "WINDOW", 2)
    monkeypatch.setattr(Documents, "with_results", counted)
    results = applied.results("job")

    assert asked == []
    next(results)
    next(results)
    assert asked == [b""]
    next(results)
    assert asked == [b"", b"b.txt"]


def test_an_iterator_may_wander_between_threads(applied: docbatch.Project) -> None:
    results = applied.results("job")
    found: list[str] = []

    for _ in range(5):
        thread = threading.Thread(target=lambda: found.append(next(results).text))
        thread.start()
        thread.join()

    assert found == [f"text {name}" for name in "abcde"]


def test_an_unknown_job_is_told_at_once(applied: docbatch.Project) -> None:
    with pytest.raises(docbatch.UsageError, match="knows no job 'none'"):
        applied.results("none")
