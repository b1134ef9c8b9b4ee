"""Kinds of sinks that do not do what they declare: told by kind and job, with nothing lost and nothing counted as done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from docbatch.core.errors import SinkError
from docbatch.sinks import KINDS
from docbatch.sinks.base import Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.kind import FileSinkSpec, Opening, SinkKind, SinkSpec
from tests.cli.project import Project

from .outside_csv import CsvSink, CsvSinkSpec
from .outside_rows import RowsSink, RowsSinkSpec

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*.txt"}}
provider: local
sink: [{sink}]
"""
CSV = "{type: csv, path: out/job.csv}"
ROWS = "{type: rows, database: kept/results.db}"
WHOLE = SinkKind("csv", CsvSinkSpec, CsvSink, per_document=False, whole=True)

Answers = Iterator[Receipt | Fault]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write({"in/a.txt": "apple", "in/b.txt": "banana"})
    # What comes after is handed both at once.
    project.job(JOB.format(sink="{type: files, path: 'before/{{ doc.path }}'}"))
    project.applied()
    return project


def _leaving_one_out(answers: Iterable[Receipt | Fault]) -> Answers:
    return islice(iter(answers), 1, None)


def _twice(answers: Iterable[Receipt | Fault]) -> Answers:
    for answer in answers:
        yield answer
        yield answer


def _of_others(answers: Iterable[Receipt | Fault]) -> Answers:
    return (replace(answer, path=answer.path + b"x") for answer in answers)


def _unstamped(answers: Iterable[Receipt | Fault]) -> Answers:
    return (replace(answer, stamp=None) for answer in answers if isinstance(answer, Receipt))


def _taking_one(deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    return islice(iter(deliveries), 1)


def _taking_none(_deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    return iter(())


def _as_is(answers: Iterable[Receipt | Fault]) -> Answers:
    return iter(answers)


def _all(deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    return iter(deliveries)


def _breaking(
    sink: type[CsvSink] | type[RowsSink],
    answer: Callable[[Iterable[Receipt | Fault]], Answers] = _as_is,
    take: Callable[[Iterable[Delivery]], Iterator[Delivery]] = _all,
    *,
    is_there: bool = True,
) -> Callable[[Opening], Sink]:
    """Return what opens a sink that answers otherwise, takes not all it is handed, or has no output afterwards."""

    class Breaking(sink):  # type: ignore[valid-type, misc]
        def deliver(self, deliveries: Iterable[Delivery]) -> Answers:
            return answer(super().deliver(take(deliveries)))

        def stamp(self, output: bytes) -> str | None:
            return super().stamp(output) if is_there else None

    return Breaking


@pytest.mark.parametrize(
    ("open_sink", "told"),
    [
        (_breaking(CsvSink, _leaving_one_out), "was handed 2 documents and answered for 1"),
        (_breaking(CsvSink, _twice), "was handed 2 documents and answered for 4"),
        (_breaking(CsvSink, _of_others), "answered for documents that it was not handed"),
        (_breaking(CsvSink, take=_taking_one), "stopped after 1 document of those it was to be handed"),
        (
            _breaking(CsvSink, is_there=False),
            "declares one output for the job and has none after it was written",
        ),
    ],
)
def test_a_whole_sink_that_breaks_its_word_is_told_and_its_documents_are_not_delivered(
    project: Project, open_sink: Callable[[Opening], Sink], told: str
) -> None:
    project.job(JOB.format(sink=CSV))

    with KINDS.added(replace(WHOLE, open=open_sink)):
        ended = [project.call("apply"), project.call("apply")]

    for each in ended:
        assert each.code == 1
        assert f"job 'job': the sink csv {told}" in each.err
        assert "nothing is paid again" in each.err
        assert "job: 0 of 2 documents done, 2 not written" in each.out
    _is_mended(project, WHOLE)


@pytest.mark.parametrize(
    ("open_sink", "told"),
    [
        (_breaking(RowsSink, _leaving_one_out), "was handed 2 documents and answered for 1"),
        (_breaking(RowsSink, _twice), "was handed 2 documents and answered for 4"),
        (_breaking(RowsSink, _of_others), "answered for documents that it was not handed"),
        (_breaking(RowsSink, take=_taking_one), "stopped after 1 document of those it was to be handed"),
        (_breaking(RowsSink, take=_taking_none), "stopped after 0 documents of those it was to be handed"),
        (_breaking(RowsSink, _unstamped), "declares an output for each document and gave b.txt no stamp"),
    ],
)
@pytest.mark.parametrize("is_served", [False, True], ids=["at hand", "served"])
def test_a_sink_of_rows_that_breaks_its_word_is_told_and_its_documents_are_not_delivered(
    project: Project, open_sink: Callable[[Opening], Sink], told: str, *, is_served: bool
) -> None:
    project.job(JOB.format(sink=ROWS))

    with KINDS.added(SinkKind("rows", RowsSinkSpec, open_sink, per_document=True, is_served=is_served)):
        ended = [project.call("apply"), project.call("apply")]

    for each in ended:
        assert each.code == 1
        assert f"job 'job': the sink rows {told}" in each.err
        assert "job: 0 of 2 documents done, 2 not written" in each.out
    _is_mended(project, SinkKind("rows", RowsSinkSpec, RowsSink, per_document=True))


def _is_mended(project: Project, kind: SinkKind) -> None:
    """A sink that keeps its word gets everything from the spool."""
    with KINDS.added(kind):
        ended = project.applied()
    assert ended.processed == 0
    (job,) = ended.lines[-1]["jobs"]
    assert (job["documents"], job["standing"]) == (2, {})
    written = [path.read_bytes() for path in (project.root / "out").glob("*")] or [
        (project.root / "kept/results.db").read_bytes()
    ]
    assert all(text in written[0] for text in (b"apple", b"banana"))


def test_a_sink_that_writes_anew_what_it_is_handed_and_is_not_declared_whole_is_told(
    project: Project,
) -> None:
    project.job(JOB.format(sink=CSV))
    undeclared = SinkKind("csv", CsvSinkSpec, _Remembering, per_document=False)
    with KINDS.added(undeclared):
        project.applied()
        project.write({"in/c.txt": "cherry"})
        ended = project.call("apply")

    assert ended.code == 1
    assert (
        "job 'job': the sink csv is not declared whole and no longer holds what it was handed before, such as a.txt"
        in ended.err
    )
    assert "2 of 3 documents done, 1 not written" in ended.out
    with KINDS.added(WHOLE):
        ended = project.call("apply")
    assert "3 of 3 documents done" in ended.out
    assert (project.root / "out/job.csv").read_text().split() == [
        "a.txt,apple",
        "b.txt,banana",
        "c.txt,cherry",
    ]


class _Remembering(CsvSink):
    """Says truly which documents its file lacks."""

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        there = self._place_text()
        return ((path, "its line is missing") for path, _ in expected if path.decode() not in there)

    def _place_text(self) -> str:
        return Path(self._place).read_text()


def test_an_output_that_a_sink_was_not_asked_for_is_told(project: Project) -> None:
    class Confused(RowsSink):
        def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
            return ((output + b"x", "edited") for output, _ in written)

    project.job(JOB.format(sink=ROWS))
    with KINDS.added(SinkKind("rows", RowsSinkSpec, Confused, per_document=True)):
        project.applied()
        planned, ended = project.call("plan"), project.call("apply")

    told = "the sink rows tells of an output it was not asked for: a.txtx"
    assert (planned.code, ended.code) == (0, 1)
    assert told in planned.out
    assert told in ended.err


def test_a_kind_cannot_be_whole_and_have_an_output_for_each_document() -> None:
    with pytest.raises(
        SinkError, match="the sink kind csv declares itself whole and an output for each document"
    ):
        SinkKind("csv", CsvSinkSpec, CsvSink, per_document=True, whole=True)


@pytest.mark.parametrize("options", [FileSinkSpec, SinkSpec, RowsSinkSpec])
def test_options_bear_the_name_of_their_kind(options: type[SinkSpec]) -> None:
    with pytest.raises(SinkError, match="the options of the sink kind csv are of another type"):
        SinkKind("csv", options, CsvSink, per_document=False)
