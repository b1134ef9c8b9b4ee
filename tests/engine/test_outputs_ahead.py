"""Outputs that other processes make ahead, many at once: real processes, over a real spool."""

import base64
import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.engine.reading import outputs_ahead
from docbatch.engine.reading.outputs_ahead import Made, made_ahead
from docbatch.engine.reading.result_reader_pool import Done, ReaderProcess, ResultReaders
from docbatch.engine.reading.result_reader_process import MOST_MADE, Render, Wanted
from docbatch.providers.extractpage import answer as extractpage
from docbatch.providers.extractpage.locator import Locator
from docbatch.sinks.formats.pictures import unpack
from docbatch.spool import Spool
from docbatch.testing.eager import Eager
from tests.cli.project import JOB, Project
from tests.engine.test_result_reader_pool import payload, pids, reading, swept

SINKS = {
    "markdown": 'type: files, path: "out/{{ doc.path }}.md"',
    "json": 'type: files, path: "out/{{ doc.path }}.json", format: json',
    "jsonl": "type: jsonl, path: out/all.jsonl",
}


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Spool:
    return swept(tmp_path_factory.mktemp("ahead"))


@pytest.fixture(scope="module")
def readers(spool: Spool) -> Iterator[ResultReaders]:
    with reading(spool) as found:
        yield found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ReaderProcess | None]]:
    """How many outputs were asked for at once, each time, and of whom, where somebody was there to be asked."""
    noted: list[tuple[int, ReaderProcess | None]] = []
    render = ResultReaders.render

    def note(readers: ResultReaders, wanted: Render, home: ReaderProcess | None = None) -> Done | None:
        done = render(readers, wanted, home)
        if done is not None:
            noted.append((len(wanted.wanted), home))
        return done

    monkeypatch.setattr(ResultReaders, "render", note)
    return noted


def wanted(spool: Spool, content: bytes) -> Wanted:
    digest = spool.write(content)
    return Wanted(digest, "folder/a.pdf", "0" * 64, 7, "application/pdf", spool.where(digest))


def made(readers: ResultReaders, contents: list[Wanted]) -> list[tuple[int, Made]]:
    numbered = made_ahead(readers, "llamacloud", "markdown", enumerate(contents))
    return [(number, give) for number, _, give in numbered]


def test_small_outputs_are_asked_for_many_at_once(
    spool: Spool, readers: ResultReaders, asked: list[tuple[int, ReaderProcess | None]]
) -> None:
    found = made(readers, [wanted(spool, payload(number)) for number in range(550)])

    assert [(number, give()) for number, give in found] == [
        (number, f"# {number}\n".encode()) for number in range(550)
    ]
    assert [number for number, _ in asked] == [256, 256, 38]


def test_pictures_come_with_their_outputs(spool: Spool, readers: ResultReaders) -> None:
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    chunk = {"chunk_type": "image", "page_content": "", "image_b64": picture}
    content = extractpage.pack(Locator("b", "i", 1, None, None), json.dumps({"chunks": [chunk]}).encode())
    places = [wanted(spool, content)._replace(beside=beside) for beside in ("a b.md.files", "", None, ".")]

    beside, embedded, none, as_given = (
        give() for *_, give in made_ahead(readers, "extractpage", "markdown", enumerate(places))
    )

    assert beside is not None
    output = unpack(beside)
    assert output.content.startswith(b"![page 1, picture 1](a%20b.md.files/page-1-picture-1-")
    assert [each.content for each in output.pictures] == [b"\x89PNG\r\n\x1a\n"]
    assert (none, as_given) == (b"", b"")
    assert embedded == f"![page 1, picture 1](data:image/png;base64,{picture})\n".encode()


def test_they_may_be_taken_in_any_order(spool: Spool, readers: ResultReaders) -> None:
    found = made(readers, [wanted(spool, payload(number)) for number in range(270)])

    for number, give in reversed(found):
        assert give() == f"# {number}\n".encode()


def test_long_outputs_come_in_parts(
    spool: Spool, readers: ResultReaders, asked: list[tuple[int, ReaderProcess | None]]
) -> None:
    length = MOST_MADE // len(b"# 1\n") // 2
    found = made(readers, [wanted(spool, payload(number, length=length)) for number in range(1, 6)])

    assert [give() for _, give in found] == [f"# {number}\n".encode() * length for number in range(1, 6)]
    assert [number for number, _ in asked] == [5, 3, 1]


def test_large_results_end_a_window(
    spool: Spool,
    readers: ResultReaders,
    asked: list[tuple[int, ReaderProcess | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = [wanted(spool, payload(number)) for number in range(6)]
    assert contents[0].place is not None
    monkeypatch.setattr(outputs_ahead, "WINDOW_BYTES", 2 * contents[0].place.length)
    contents[4] = contents[4]._replace(place=None)

    made(readers, contents)

    assert [number for number, _ in asked] == [2, 2, 1, 1]


def test_one_that_cannot_be_made_keeps_no_other_from_being_made(spool: Spool, readers: ResultReaders) -> None:
    contents = [wanted(spool, payload(1)), wanted(spool, b"[]"), wanted(spool, payload(2))]
    contents += [contents[0]._replace(digest="f" * 64), contents[0]._replace(digest="f", place=None)]
    first, unreadable, second, lost, no_digest = (give for _, give in made(readers, contents))

    assert (first(), second(), lost()) == (b"# 1\n", b"# 2\n", None)
    with pytest.raises(ValueError, match="the answer is no object"):
        unreadable()
    with pytest.raises(StateError, match="is not the digest of a result"):
        no_digest()


def test_what_a_process_still_holds_is_made_there(
    spool: Spool, readers: ResultReaders, asked: list[tuple[int, ReaderProcess | None]]
) -> None:
    for number in range(100, 110):
        assert readers.keep("llamacloud", payload(number), soon=True) is not None
    homes = set(readers._homes.values())
    contents = [wanted(spool, payload(number)) for number in range(99, 111)]

    assert [give() for _, give in made(readers, contents)] == [
        f"# {number}\n".encode() for number in range(99, 111)
    ]
    assert {home for _, home in asked} == homes | {None}
    assert sum(number for number, home in asked if home is None) == 2
    assert readers._homes == {}


def test_what_processes_do_not_bring_is_made_here(tmp_path: Path) -> None:
    with reading(spool := swept(tmp_path)) as readers:
        for pid in pids(readers):
            os.kill(pid, signal.SIGKILL)
        found = made(readers, [wanted(spool, payload(number)) for number in range(70)])

        assert {give() for _, give in found} == {None}


@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS)
def test_a_run_makes_the_same_outputs_elsewhere_as_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[int, ReaderProcess | None]], sink: str
) -> None:
    project = Project(tmp_path)
    project.job(JOB[: JOB.index("sink:")] + f"sink: [{{{sink}}}]\n")
    project.write({f"in/{number:03}.txt": f"text {number}\x85" for number in range(60)})
    project.applied()
    here = project.outputs()
    assert asked == []
    for written in (tmp_path / "out").iterdir():
        written.unlink()

    monkeypatch.setattr("docbatch.engine.running.apply.ResultReaders", partial(Eager, dies_after=0))
    project.applied()

    assert project.outputs() == here != {}
    assert asked == [(60, None)]


def test_processes_are_started_once_there_is_enough_for_them(spool: Spool) -> None:
    with closing(ResultReaders(spool.root, few=256, width=1)) as readers:
        contents = [wanted(spool, payload(number)) for number in range(257)]
        made(readers, contents[:256])
        assert not readers._processes

        made(readers, contents)
        assert readers._processes
