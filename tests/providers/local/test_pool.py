"""What happens to documents whose engine hangs, dies or lies, and to those beside them."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.child import environment
from docbatch.processes.frames import Frame
from docbatch.providers.local import worker
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Differs, Task, Written, read_returned, tasks_message
from docbatch.providers.local.pace import AnswerPace
from docbatch.providers.local.pool import Pool
from docbatch.providers.local.process import WorkerProcess
from tests.providers.local import wicked
from tests.providers.local.harness import ROOT, Bench, Ear, await_readable, bench

TWO = "application/two"
MANY = 64


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as wicked:
        yield wicked


def kind(answer: object) -> FailureClass:
    assert isinstance(answer, Failure), answer
    return answer.kind


def gone(pid: int) -> int:
    """Return a descriptor that becomes readable when the process ends."""
    return os.pidfd_open(pid)


def await_end(watch: int) -> None:
    await_readable(watch)
    os.close(watch)


def test_a_document_that_is_read_is_written_where_the_task_says(one: Bench) -> None:
    task = one.task("a", b"hello")
    payload = one.written(task, one.run(task)["a"])
    assert payload["text"].endswith("hello")
    assert payload["engine"] == "first"


def test_a_hanging_document_is_failed_at_its_deadline_and_its_neighbour_is_read(one: Bench) -> None:
    answers = one.run(one.task("bad", b"hang", timeout=0.3), one.task("good", b"fine"))
    assert kind(answers["bad"]) is FailureClass.TIMEOUT
    assert isinstance(answers["good"], Written)


def test_the_deadline_runs_from_a_documents_own_start(tmp_path: Path) -> None:
    with bench(tmp_path) as pool:
        hangs = [pool.task(f"h{number}", b"hang", timeout=0.4) for number in range(3)]
        answers = pool.run(*hangs, pool.task("last", b"fine"))
    assert isinstance(answers["last"], Written)


def test_the_clock_starts_anew_with_every_document(one: Bench) -> None:
    answers = one.run(*(one.task(str(number), b"nap", timeout=1.0) for number in range(5)))
    assert all(isinstance(answer, Written) for answer in answers.values())


def test_a_worker_killed_after_its_answer_is_not_guilty_of_the_next_document(one: Bench) -> None:
    process = WorkerProcess("tests.providers.local.wicked", environment((ROOT,)), patience=1.0)
    process.is_ready = True
    process.hand([one.task(name, b"fine") for name in ("first", "second")])
    process.at_work = process.asked[0]
    process.kill(Failure(FailureClass.TIMEOUT, "late"))
    process.end()
    assert process.is_guilty()
    process.asked.popleft()
    assert not process.is_guilty()


@pytest.mark.parametrize("deed", [b"abort", b"exit", b"panic"])
def test_a_crash_fails_its_document_only(one: Bench, deed: bytes) -> None:
    answers = one.run(one.task("bad", deed), *(one.task(f"good{number}", b"fine") for number in range(3)))
    died = answers.pop("bad")
    assert kind(died) is FailureClass.CRASHED
    assert ("raise config.max_memory" in str(died)) == (deed == b"abort")
    assert all(isinstance(answer, Written) for answer in answers.values())


def test_a_worker_is_replaced_after_a_panic(one: Bench) -> None:
    first, bad, second = one.task("first", b"fine"), one.task("bad", b"panic"), one.task("second", b"fine")
    answers = one.run(first, bad, second)
    speakers = {one.written(task, answers[task.id])["text"].split(":")[0] for task in (first, second)}
    assert len(speakers) == 2


@pytest.mark.parametrize("deed", [b"eat", b"run-out"])
def test_too_much_memory_fails_the_document(one: Bench, deed: bytes) -> None:
    answers = one.run(one.task("bad", deed, max_memory=10**9), one.task("good", b"fine"))
    assert kind(answers["bad"]) is FailureClass.MEMORY
    assert isinstance(answers["good"], Written)


def test_a_worker_killed_from_outside_fails_its_document_as_out_of_memory(one: Bench, tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    one.pool.submit([one.task("bad", f"{ear.word} hang".encode()), one.task("good", b"fine")])
    os.kill(ear.pid(), signal.SIGKILL)
    answers = one.wait(2)
    assert kind(answers["bad"]) is FailureClass.MEMORY
    assert isinstance(answers["good"], Written)


def test_what_a_library_prints_does_not_disturb_the_answers(one: Bench) -> None:
    answers = one.run(one.task("a", b"print"), one.task("b", b"fine"))
    assert all(isinstance(answer, Written) for answer in answers.values())


@pytest.mark.parametrize("deed", [b"babble", b"give-back"])
def test_a_worker_that_answers_nonsense_fails_its_document_only(one: Bench, deed: bytes) -> None:
    answers = one.run(one.task("bad", deed), one.task("good", b"fine"))
    assert kind(answers["bad"]) is FailureClass.CRASHED
    assert "makes no sense" in str(answers["bad"])
    assert isinstance(answers["good"], Written)


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("first-abort", "the engine died (SIGABRT)"),
        ("first-hang", "it needed more than its share of config.timeout"),
        ("first-panic", "first failed: PanicException: poisoned"),
        ("first-fail", "first cannot read it"),
    ],
)
def test_the_second_engine_reads_what_the_first_one_failed_on_and_says_so(
    one: Bench, deed: str, reason: str
) -> None:
    task = one.task("a", deed.encode(), TWO, timeout=1.0)
    answer = one.run(task)["a"]
    written = one.written(task, answer)
    assert written["engine"] == "second"
    assert written["warnings"] == [f"first failed, and another engine read it: {reason}"]
    assert isinstance(answer, Written)
    assert list(answer.warnings) == written["warnings"]


def test_a_document_on_which_both_engines_fail_keeps_the_first_reason(one: Bench) -> None:
    answers = one.run(one.task("a", b"first-abort fail", TWO), one.task("b", b"fail", TWO))
    assert kind(answers["a"]) is FailureClass.CRASHED
    assert answers["b"] == Failure(FailureClass.CORRUPT, "first cannot read it")


def test_two_engines_share_one_time_limit(one: Bench) -> None:
    answer = one.run(one.task("a", b"hang", TWO, timeout=0.6))["a"]
    assert answer == Failure(
        FailureClass.TIMEOUT, "not read within 0.6 seconds; raise config.timeout and run 'docbatch retry'"
    )


def test_nothing_is_left_of_an_answer_whose_worker_died(one: Bench, tmp_path: Path) -> None:
    task = one.task("a", b"abort")
    Path(os.fsdecode(task.out)).write_bytes(b"half")
    one.run(task)
    assert not list(tmp_path.glob("*.part"))


def test_many_documents_on_few_workers_all_end_once(tmp_path: Path) -> None:
    deeds = [b"fine", b"fine", b"abort", b"fine", b"panic", b"fine"]
    with bench(tmp_path, width=2) as pool:
        tasks = [pool.task(str(number), deeds[number % len(deeds)]) for number in range(36)]
        answers = pool.run(*tasks)
        assert pool.pool.drain() == []
    read = [name for name, answer in answers.items() if isinstance(answer, Written)]
    assert sorted(map(int, read)) == [number for number in range(36) if deeds[number % len(deeds)] == b"fine"]


def test_a_document_among_many_small_ones_ends_badly_alone(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[int] = []
    hand = WorkerProcess.hand

    def noted(self: WorkerProcess, tasks: Sequence[Task]) -> None:
        shares.append(len(tasks))
        hand(self, tasks)

    monkeypatch.setattr(WorkerProcess, "hand", noted)
    monkeypatch.setattr(AnswerPace, "ahead", MANY)
    wicked = {100: b"abort", 200: b"panic", 300: b"hang"}
    tasks = [one.task(str(n), wicked.get(n, b"fine"), timeout=1.0) for n in range(600)]
    answers = one.run(*tasks)

    assert max(shares) > MANY // 2
    assert {int(name) for name, answer in answers.items() if not isinstance(answer, Written)} == set(wicked)
    assert kind(answers["300"]) is FailureClass.TIMEOUT


def test_what_waited_behind_a_slow_document_waits_for_any_worker_again(
    one: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswerPace, "ahead", MANY)
    back: list[str] = []
    queue_again = one.pool._queue_again

    def noted(tasks: Sequence[Task]) -> None:
        back.extend(task.id for task in tasks)
        queue_again(tasks)

    monkeypatch.setattr(one.pool, "_queue_again", noted)
    deeds = ["nap", *(f"fine {number}" for number in range(1, 300))]
    tasks = [one.task(str(number), deed.encode()) for number, deed in enumerate(deeds)]
    answers = one.run(*tasks)
    read = [one.written(task, answers[task.id])["text"].partition(": ")[2] for task in tasks]

    assert back[: MANY - 4] == [str(number) for number in range(4, MANY)]
    assert back.count("5") == 1
    assert read == deeds


def test_a_worker_gives_back_what_it_should_not_hold(one: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = worker.DocumentReader(wicked)
    message = Frame(tasks_message([one.task(str(number), b"fine") for number in range(10)]))
    in_time = [*reader.answers(message)]
    monkeypatch.setattr(worker, "_LONG", -1.0)
    late = [*reader.answers(message)]

    assert [read_returned(frame) for frame in in_time] == [None] * 10
    assert [read_returned(frame) for frame in late] == [None, (3, 6), None, None, None]


def test_pool_and_worker_never_wait_for_each_other(one: Bench) -> None:
    """What each is to be told fits in no pipe."""
    options = Options(passwords=("x" * 500_000,))
    tasks = [one.task(name, os.urandom(100_000).hex().encode(), options=options) for name in "abcdef"]
    answers = one.run(*tasks)

    for task in tasks:
        answer = answers[task.id]
        assert isinstance(answer, Written)
        assert len(answer.entry or b"") > 100_000


def test_an_engine_that_cannot_start_fails_every_document(tmp_path: Path) -> None:
    with bench(tmp_path, catalogue="tests.providers.local.wicked") as pool:
        pool.pool._env["PYTHONPATH"] = "/nonexistent"
        answers = pool.run(pool.task("a", b"fine"), pool.task("b", b"fine"))
    assert {kind(answer) for answer in answers.values()} == {FailureClass.CRASHED}
    assert all(
        "does not start" in answer.message for answer in answers.values() if isinstance(answer, Failure)
    )


def test_cancelled_documents_end_as_cancelled_and_others_go_on(one: Bench, tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    one.pool.submit(
        [one.task("runs", f"{ear.word} hang".encode()), *(one.task(name, b"fine") for name in "abcd")]
    )
    ear.pid()
    one.pool.cancel({"runs", "c", "d"})
    answers = one.wait(5)
    assert [kind(answers[name]) for name in ("runs", "c", "d")] == [FailureClass.CANCELLED] * 3
    assert isinstance(answers["a"], Written)


def test_closing_kills_a_busy_worker(tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    with bench(tmp_path) as pool:
        pool.pool.submit([pool.task("a", f"{ear.word} hang".encode())])
        watch = gone(ear.pid())
    await_end(watch)


_PARENT = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.providers.local import wicked
from tests.providers.local.harness import bench
with bench(Path(sys.argv[2])) as pool:
    pool.pool.submit([pool.task("a", f"{sys.argv[3]} hang".encode())])
    threading.Event().wait()
"""


def test_a_worker_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, ROOT, str(tmp_path), ear.word])
    watch = gone(ear.pid())
    parent.kill()
    parent.wait()
    await_end(watch)


def test_an_idle_worker_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    ear = Ear(tmp_path)
    script = _PARENT.replace(" hang", "")
    parent = subprocess.Popen([sys.executable, "-c", script, ROOT, str(tmp_path), ear.word])
    watch = gone(ear.pid())
    parent.kill()
    parent.wait()
    await_end(watch)


def test_a_worker_inherits_no_file_and_no_secret(
    one: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(tmp_path)
    monkeypatch.setenv("EXTEND_API_KEY", "sk-secret")
    leaked = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leaked, True)
    one.pool.submit([one.task("a", f"{ear.word} hang".encode())])
    worker = Path(f"/proc/{ear.pid()}")
    held = {str(link.readlink()) for link in (worker / "fd").iterdir()}
    os.close(leaked)
    assert str(tmp_path) not in held
    assert b"sk-secret" not in (worker / "environ").read_bytes()


def test_changed_bytes_are_reported_and_not_read(one: Bench) -> None:
    longer, other = one.task("longer", b"fine"), one.task("other", b"fine")
    Path(os.fsdecode(longer.path)).write_bytes(b"fine and more")
    Path(os.fsdecode(other.path)).write_bytes(b"fins")
    missing = one.task("missing", b"fine")
    Path(os.fsdecode(missing.path)).unlink()
    answers = one.run(longer, other, missing)
    assert all(isinstance(answer, Differs) for answer in answers.values())


def test_pipes_and_folders_are_refused_without_waiting(one: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    pipe = one.task("a", b"fine", path=os.fsencode(tmp_path / "pipe"))
    folder = one.task("b", b"fine", path=os.fsencode(tmp_path / "folder"))
    device = one.task("c", b"fine", path=b"/dev/zero")
    answers = one.run(pipe, folder, device)
    assert {kind(answer) for answer in answers.values()} == {FailureClass.SPECIAL_FILE}


def test_a_link_to_a_document_is_followed(one: Bench, tmp_path: Path) -> None:
    task = one.task("a", b"fine")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    linked = one.task("b", b"fine", path=os.fsencode(tmp_path / "link"), digest=task.digest)
    assert isinstance(one.run(linked)["b"], Written)


def test_a_name_that_is_not_utf_8_is_no_obstacle(one: Bench, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9\n.txt"
    Path(os.fsdecode(path)).write_bytes(b"fine")
    task = one.task("a", b"fine", path=path, digest=hashlib.sha256(b"fine").hexdigest())
    assert isinstance(one.run(task)["a"], Written)


def test_a_document_larger_than_half_of_the_memory_is_refused(one: Bench) -> None:
    answers = one.run(one.task("a", b"fine " * 100, max_memory=900))
    assert kind(answers["a"]) is FailureClass.MEMORY


def test_a_pool_may_be_closed_twice_and_unused(tmp_path: Path) -> None:
    pool = Pool(lambda: None, width=1)
    pool.close()
    pool.close()
    assert pool.pids() == []


def test_there_is_room_for_the_pipes_of_many_workers() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        Pool(lambda: None, width=1024).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 3 * 1024
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_worker_leaves_after_much_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_DOCUMENTS", 2)
    monkeypatch.setattr(worker, "_SECONDS", 0.0)
    reader = worker.DocumentReader(wicked)
    missing = Task("a", os.fsencode(tmp_path / "missing"), "0", 1, "application/one", b"", 1.0, 10**9)
    reader.answer(missing)
    assert not reader.spent
    reader.answer(missing)
    assert reader.spent


def test_while_much_waits_to_be_read_what_ended_is_taken_seldom(one: Bench) -> None:
    one.pool.submit([one.task(str(number), b"hello") for number in range(200)])

    first = one.called()
    assert len(first) >= 128
    assert len(first) + len(one.wait(200 - len(first))) == 200


def test_a_part_whose_worker_was_killed_from_outside_is_given_to_one_more(one: Bench, tmp_path: Path) -> None:
    part = Options(pages=(1, 10))
    answers = one.run(
        one.task("once", f"kill-once:{tmp_path / 'mark'}".encode(), options=part),
        one.task("always", b"kill", options=part),
        one.task("whole", f"kill-once:{tmp_path / 'other'}".encode()),
    )

    assert isinstance(answers["once"], Written)
    assert kind(answers["always"]) is FailureClass.MEMORY
    assert kind(answers["whole"]) is FailureClass.MEMORY
