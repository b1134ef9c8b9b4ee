"""Results read in other processes: real ones, over a real spool."""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import ResultPlace
from docbatch.engine.reading.result_reader_pool import PIPE, Done, ReaderProcess, ResultReaders
from docbatch.engine.reading.result_reader_process import (
    Keep,
    Kept,
    Output,
    Render,
    ResultReader,
    Wanted,
    keep,
    read_outputs,
)
from docbatch.packed import MOST_CARRIED
from docbatch.processes import frames, processors
from docbatch.providers import REGISTRY
from docbatch.sinks.kind import Form
from docbatch.spool import Spool
from docbatch.testing.patience import until

FORMS: tuple[Form, ...] = ("markdown", "text", "json", "line")


def payload(number: int, length: int = 1, text: str = "") -> bytes:
    pages = [
        {"page_number": 1, "success": True, "markdown": f"# {number}\n" * length, "text": text or f"{number}"}
    ]
    job = {"id": f"job-{number}", "usage": {"credits": 3}}
    return json.dumps({"job": job, "markdown": {"pages": pages}}).encode()


def wanted(spool: Spool, content: bytes, form: Form = "markdown") -> Render:
    digest = spool.write(content)
    return request(digest, spool.where(digest), form)


def request(digest: str, place: ResultPlace | None, form: Form = "markdown") -> Render:
    return Render("llamacloud", form, [Wanted(digest, "folder/a.pdf", "0" * 64, 7, "application/pdf", place)])


def output(done: Done | None) -> Output:
    """Return the one output of an answer."""
    answer = None if done is None else done.result()
    assert answer is not None
    (made,) = read_outputs(answer)
    return made


def here(spool: Spool, content: bytes) -> Kept:
    return keep(REGISTRY.kind("llamacloud").read, spool, content)[0]


def swept(folder: Path) -> Spool:
    spool = Spool(folder / "spool")
    spool.sweep()
    return spool


@contextmanager
def reading(spool: Spool) -> Iterator[ResultReaders]:
    with closing(ResultReaders(spool.root, few=0, width=2)) as found:
        found.expect(1)
        await_ready(found)
        yield found


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Spool:
    return swept(tmp_path_factory.mktemp("read"))


@pytest.fixture(scope="module")
def readers(spool: Spool) -> Iterator[ResultReaders]:
    """Processes that all tests ask which do them no harm."""
    with reading(spool) as found:
        yield found


def await_ready(readers: ResultReaders) -> None:
    until(lambda: all(each.is_ready for each in readers._processes), "no process that reads became ready")


def pids(readers: ResultReaders) -> list[int]:
    return [process.pid for process in readers._processes]


@pytest.mark.parametrize("form", FORMS)
def test_an_output_is_what_this_process_would_have_made(
    spool: Spool, readers: ResultReaders, form: Form
) -> None:
    requests = [wanted(spool, payload(number), form) for number in range(20)]
    outputs = [readers.render(each) for each in requests]

    assert [made and made.result() for made in outputs] == [
        ResultReader(spool).render(each) for each in requests
    ]


@pytest.mark.parametrize("soon", [True, False])
def test_a_result_is_kept_as_this_process_would_have_kept_it(
    spool: Spool, readers: ResultReaders, soon: bool
) -> None:
    for number in range(5):
        kept = readers.keep("llamacloud", payload(number), soon=soon)
        assert kept is not None
        ours = here(spool, payload(number))

        assert (kept.partial, kept.credits, kept.draft.digest) == (False, 3.0, ours.draft.digest)
        assert kept.draft == ours.draft
        assert spool.read(ours.draft.digest, spool.admit(kept.draft)) == payload(number)
        assert output(readers.render(wanted(spool, payload(number)))) == f"# {number}\n".encode()


def test_secrets_are_cut_before_anything_is_written(spool: Spool, readers: ResultReaders) -> None:
    signed = payload(1).replace(b"# 1", b"https://bucket.example/p.png?X-Amz-Signature=5ec2e7")
    kept = readers.keep("llamacloud", signed, soon=True)
    assert kept is not None

    place = spool.admit(kept.draft)
    assert b"5ec2e7" not in spool.read(kept.draft.digest, place)
    made = output(readers.render(request(kept.draft.digest, place)))
    assert made == b"https://bucket.example/p.png\n"


def test_a_result_that_cannot_be_read_is_refused_as_here(spool: Spool, readers: ResultReaders) -> None:
    with pytest.raises(ValueError, match="the answer is no object"):
        readers.keep("llamacloud", b"[]", soon=True)
    with pytest.raises(ValueError, match="the answer is no object"):
        here(spool, b"[]")


def test_many_threads_are_answered_each_its_own(spool: Spool, readers: ResultReaders) -> None:
    with ThreadPoolExecutor(16) as pool:
        contents = [payload(number, length=10_000) for number in range(200)]
        kept = list(pool.map(lambda each: readers.keep("llamacloud", each, soon=True), contents))

    assert [each and each.draft.digest for each in kept] == [
        hashlib.sha256(content).hexdigest() for content in contents
    ]


def test_large_outputs_that_nobody_takes_stop_nothing(spool: Spool, readers: ResultReaders) -> None:
    requests = [wanted(spool, payload(number, length=100_000)) for number in range(40)]
    outputs = [readers.render(each) for each in requests]

    assert readers.keep("llamacloud", payload(1), soon=False) is not None
    last = outputs[-1]
    assert last is not None
    assert len(last.result() or b"") > 300_000


def test_what_cannot_be_written_is_said_as_here(spool: Spool, readers: ResultReaders) -> None:
    unreadable = output(readers.render(wanted(spool, b"[]")))
    no_digest = output(readers.render(request("f", None)))
    lost = output(readers.render(request("f" * 64, None)))

    assert str(unreadable) == "the answer is no object"
    assert isinstance(unreadable, ValueError)
    assert isinstance(no_digest, StateError)
    assert no_digest.hint == "run `docbatch state check`"
    assert lost is None


def test_what_a_process_cannot_do_is_left_to_this_one(tmp_path: Path) -> None:
    with reading(spool := swept(tmp_path)) as readers:
        (spool.root / "incoming").rmdir()
        (spool.root / "incoming").write_text("in the way")

        with pytest.raises(StateError, match="cannot be written"):
            readers.keep("llamacloud", payload(1, text=os.urandom(MOST_CARRIED).hex()), soon=False)


def test_what_processes_do_not_bring_is_done_here(tmp_path: Path) -> None:
    with reading(spool := swept(tmp_path)) as readers:
        assert readers.keep("llamacloud", payload(1), soon=True) is not None
        for pid in pids(readers):
            os.kill(pid, signal.SIGKILL)
        outputs = [readers.render(wanted(spool, payload(number))) for number in range(6)]
        kept = [readers.keep("llamacloud", payload(number), soon=True) for number in range(6)]

        assert all(made is None or made.result() is None for made in outputs)
        assert kept[-1] is None
        assert readers.render(wanted(spool, payload(7))) is None


def test_what_is_too_large_for_a_process_is_done_here(
    spool: Spool, readers: ResultReaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_PAYLOAD", 10)

    assert readers.keep("llamacloud", payload(1), soon=True) is None
    assert readers.render(wanted(spool, payload(1))) is not None


@pytest.mark.skipif(
    not hasattr(fcntl, "F_GETPIPE_SZ"), reason="pipes have a size of their own on Linux alone"
)
def test_answers_for_a_window_of_outputs_have_room_before_they_are_taken(tmp_path: Path) -> None:
    process = ReaderProcess(tmp_path)
    room = [fcntl.fcntl(pipe.fileno(), fcntl.F_GETPIPE_SZ) for pipe in (process.requests, process.answers)]
    process.end()

    assert room == [PIPE, PIPE]


def test_few_results_start_no_process(spool: Spool) -> None:
    with closing(ResultReaders(spool.root, few=10, width=2)) as readers:
        readers.expect(10)
        assert (readers.depth, readers.render(wanted(spool, payload(1)))) == (0, None)

        readers.expect(11)
        assert readers.depth > 0


def test_until_they_are_ready_all_is_done_here(spool: Spool) -> None:
    with closing(ResultReaders(spool.root, few=0, width=1)) as readers:
        readers.expect(1)

        assert readers.keep("llamacloud", payload(1), soon=True) is None


def test_one_processor_is_left_to_the_run(spool: Spool) -> None:
    with closing(ResultReaders(spool.root, few=0, width=0)) as readers:
        readers.expect(1000)

        assert readers.keep("llamacloud", payload(1), soon=True) is None


def test_answers_are_held_as_far_as_memory_allows(spool: Spool) -> None:
    size = len(payload(1))
    reader = ResultReader(spool, room=3 * size)
    for number in (1, 2):
        reader.keep(Keep("llamacloud", soon=True), payload(number))

    assert len(reader._fresh) == 1
    spool.write(payload(2))
    assert read_outputs(reader.render(wanted(spool, payload(2)))) == [b"# 2\n"]
    assert read_outputs(reader.render(wanted(spool, payload(1)))) == [b"# 1\n"]
    assert reader._fresh == {}


def test_processes_are_told_no_secret(monkeypatch: pytest.MonkeyPatch, spool: Spool) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-secret")
    with closing(ResultReaders(spool.root, few=0, width=1)) as readers:
        readers.expect(1)
        await_ready(readers)
        (pid,) = pids(readers)
        known = Path(f"/proc/{pid}/environ").read_bytes()

    assert b"PATH=/nonexistent" in known
    assert b"llx-secret" not in known


def test_processes_end_with_the_run_however_it_dies(spool: Spool) -> None:
    started = """
import sys, time
from pathlib import Path
from docbatch.engine.reading.result_reader_pool import ResultReaders
readers = ResultReaders(Path(sys.argv[1]), few=0, width=2)
readers.expect(1)
print(*(process.pid for process in readers._processes), flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", started, str(spool.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        found = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(found) == 2
        parent.kill()

    until(lambda: not any(map(is_alive, found)), "a process outlived the run")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize(("usable", "expected"), [(1, 0), (2, 2), (4, 3), (64, 4)])
def test_there_are_as_many_processes_as_there_is_room_for(
    usable: int, expected: int, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "available", lambda: usable)
    with closing(ResultReaders(spool.root, few=0)) as readers:
        readers.expect(1)
        assert len(readers._processes) == expected
