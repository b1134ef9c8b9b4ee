"""A pace in a file: one for all who open it, whatever becomes of them, of the file and of the clocks."""

import fcntl
import itertools
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.errors import Unavailable
from docbatch.providers.accounts import locked_files, pace_file
from docbatch.providers.accounts.pace_file import AGAIN, LEASE, LONGEST_SILENCE, KeptPace, PaceFile
from docbatch.providers.http.rates import NEAR, Limiter, TokenBucket

HERE, ELSE = b"a" * 16, b"b" * 16


@dataclass
class Machine:
    """A machine with its clocks, on which processes share the pace in a file."""

    path: Path
    now: float = 1000.0
    wall: float = 5_000_000.0
    started: bytes = HERE
    sleeps: list[float] = field(default_factory=list)

    def pass_by(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        self.wall += seconds

    def restart(self, seconds: float) -> None:
        """Be off for so long; monotonic seconds begin anew."""
        self.started, self.now = ELSE, 3.0
        self.wall += seconds

    def file(self, full: float, burst: int = 1, users: str = "") -> PaceFile:
        return PaceFile(
            self.path,
            full,
            burst,
            users=lambda: users,
            clock=lambda: self.now,
            wall=lambda: self.wall,
            boot=lambda: self.started,
        )

    def process(self, full: float, burst: int = 1, users: str = "") -> Limiter:
        shared = self.file(full, burst, users)
        return Limiter(full, burst, clock=lambda: self.now, sleep=self.pass_by, shared=shared)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "pace")


def went(machine: Machine, *processes: Limiter, requests: int) -> float:
    """Let processes ask by turns; return how long that took."""
    began = machine.now
    for number in range(requests):
        processes[number % len(processes)].wait()
    return machine.now - began


def test_two_processes_keep_one_rate_together(machine: Machine) -> None:
    assert went(machine, machine.process(10), machine.process(10), requests=101) == pytest.approx(10)


def test_a_429_of_one_slows_down_the_other(machine: Machine) -> None:
    one, other = machine.process(10), machine.process(10)
    one.wait()
    one.slow_down(7)

    other.wait()

    assert sum(machine.sleeps) == pytest.approx(7.2)
    assert other.rate < 6


def test_what_one_learnt_holds_for_the_next_run(machine: Machine) -> None:
    one = machine.process(40)
    for _ in range(4):
        went(machine, one, requests=20)
        one.slow_down(1)
    learnt = one.rate
    assert learnt < 20

    machine.pass_by(120)

    assert machine.process(40).rate < 30
    machine.pass_by(2 * 3600)
    assert machine.process(40).rate == pytest.approx(40)


def test_a_wait_the_service_asked_for_holds_for_the_next_run(machine: Machine) -> None:
    machine.process(10).slow_down(600)
    machine.pass_by(60)

    with pytest.raises(Unavailable, match="the service asked to wait 540 seconds") as caught:
        machine.process(10).wait()
    assert caught.value.retry_after == pytest.approx(540)


def test_a_wait_goes_on_after_the_machine_was_started_again(machine: Machine) -> None:
    machine.process(10).slow_down(600)
    machine.restart(100)

    with pytest.raises(Unavailable, match="500 seconds"):
        machine.process(10).wait()


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_clock_that_was_set_back_makes_no_wait_longer(machine: Machine, is_restarted: bool) -> None:
    machine.process(10).slow_down(20)
    machine.wall -= 10 * 365 * 86_400
    if is_restarted:
        machine.restart(0)

    machine.process(10).wait()

    assert sum(machine.sleeps) == pytest.approx(20.2)


def test_a_monotonic_clock_that_goes_back_is_another_start_of_the_machine(machine: Machine) -> None:
    machine.process(10).slow_down(600)
    machine.restart(590)
    machine.started = HERE

    machine.process(10).wait()

    assert sum(machine.sleeps) == pytest.approx(10.2)


def test_no_wait_is_kept_for_longer_than_a_day(machine: Machine) -> None:
    machine.process(10).slow_down(1e9)
    with pytest.raises(Unavailable) as caught:
        machine.process(10).wait()

    assert caught.value.retry_after == pytest.approx(LONGEST_SILENCE)


def test_who_waits_for_long_hears_who_else_uses_the_account(machine: Machine) -> None:
    machine.process(10).slow_down(100)
    with pytest.raises(Unavailable, match="wait 100 seconds; another docbatch is there"):
        machine.process(10, users="another docbatch is there").wait()


def test_each_keeps_its_own_bound(machine: Machine) -> None:
    slow, fast = machine.process(2), machine.process(20)

    assert went(machine, slow, requests=21) == pytest.approx(10)
    assert went(machine, fast, requests=201) == pytest.approx(10, rel=0.1)


def test_the_highest_bound_of_those_who_ask_holds_for_all_together(machine: Machine) -> None:
    slow, fast = machine.process(2), machine.process(20)
    fast.wait()
    slow.wait()
    assert slow.rate == pytest.approx(20)

    machine.pass_by(LEASE + 1)
    slow.wait()
    assert slow.rate == pytest.approx(2)


def test_a_rate_that_was_learnt_is_everybody_s(machine: Machine) -> None:
    slow, fast = machine.process(10), machine.process(40)
    for _ in range(3):
        went(machine, fast, requests=20)
        fast.slow_down(0.5)
    learnt = fast.rate

    slow.wait()

    assert slow.rate == pytest.approx(learnt, rel=0.2)
    assert learnt < 30


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "half of it": lambda content: content[: len(content) // 2],
    "more than it": lambda content: content + b"x",
    "a bit": lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
    "zeros": lambda content: bytes(len(content)),
    "a text": lambda _: b"once upon a time",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_begun_anew(machine: Machine, damage: Callable[[bytes], bytes]) -> None:
    one = machine.process(10)
    one.wait()
    machine.path.write_bytes(damage(machine.path.read_bytes()))

    other = machine.process(10)
    other.wait()
    one.wait()
    other.slow_down(20)
    one.wait()

    assert machine.sleeps[-1] > 20


def test_a_changed_bit_is_noticed(machine: Machine) -> None:
    machine.process(10).wait()
    content = machine.path.read_bytes()

    assert KeptPace.unpacked(content) is not None
    for place in range(len(content)):
        changed = bytes([content[place] ^ 4])
        assert KeptPace.unpacked(content[:place] + changed + content[place + 1 :]) is None


def test_who_saw_more_than_a_damaged_file_says_goes_on_with_that(machine: Machine) -> None:
    one = machine.process(10)
    one.slow_down(20)
    machine.path.write_bytes(b"")

    one.wait()

    assert sum(machine.sleeps) == pytest.approx(20.2)


WRONG = {
    "rate": 0.0,
    "full": float("nan"),
    "plateau": float("inf"),
    "tokens": 5.0,
    "silent_until": float("nan"),
    "pause": -1.0,
    "calm": -1.0,
    "granted": float("nan"),
    "burst": 0,
}


def test_who_allows_fewer_at_once_leaves_a_whole_file(machine: Machine) -> None:
    machine.process(10, burst=6).wait()
    machine.process(10, burst=2).wait()

    assert KeptPace.unpacked(machine.path.read_bytes()) is not None


@pytest.mark.parametrize("name", WRONG)
def test_values_that_cannot_be_are_not_believed(name: str) -> None:
    bucket = TokenBucket.begin(10, 1, 0.0)
    kept = KeptPace(bucket, HERE, 0.0, 0.0)
    assert KeptPace.unpacked(kept.packed()) == kept

    setattr(bucket, name, WRONG[name])

    assert KeptPace.unpacked(kept.packed()) is None


def test_a_machine_that_has_a_part_of_the_rate_learns_from_there(machine: Machine) -> None:
    one, same = machine.process(10), machine.process(10)
    one.wait()
    for each in (one, same):
        each.take_part(0.5)
    machine.pass_by(2 * LEASE)
    one.wait()
    assert one.rate == 5
    same.slow_down(None)
    assert one.rate == 5 * NEAR

    for each in (one, same):
        each.take_part(1)
    machine.pass_by(60)
    assert one.rate == same.rate == 10


def test_a_file_that_cannot_be_opened_leaves_each_its_own_pace(machine: Machine) -> None:
    machine.path.mkdir()
    shared = machine.file(10)
    one = Limiter(10, clock=lambda: machine.now, sleep=machine.pass_by, shared=shared)

    assert went(machine, one, requests=11) == pytest.approx(1)
    assert shared.fault == "Is a directory"

    machine.path.rmdir()
    machine.pass_by(AGAIN)
    one.wait()
    assert shared.fault == ""


def test_a_link_and_a_pipe_are_not_opened(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    machine.path.symlink_to(tmp_path / "mine")
    linked = machine.file(10)
    with linked.opened():
        assert linked.fault

    machine.path.unlink()
    os.mkfifo(machine.path)
    piped = machine.file(10)
    with piped.opened():
        assert piped.fault == "pace is somebody else's, or no file"


def test_a_file_of_another_user_is_left_alone(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.path.write_bytes(b"theirs")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    shared = machine.file(10)

    with shared.opened():
        assert shared.fault == "pace is somebody else's, or no file"
    assert machine.path.read_bytes() == b"theirs"


def test_only_its_owner_may_look_into_it(machine: Machine) -> None:
    machine.process(10).wait()

    assert stat.S_IMODE(machine.path.stat().st_mode) == 0o600


def test_a_lock_that_somebody_keeps_stops_nobody(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_files, "MOMENT", 0.0)
    shared = machine.file(10)
    one = Limiter(10, clock=lambda: machine.now, sleep=machine.pass_by, shared=shared)
    one.wait()
    descriptor = os.open(machine.path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    tries: list[int] = []

    def counted(number: int) -> None:
        tries.append(number)
        locked_files.acquire(number)

    with monkeypatch.context() as patch:
        patch.setattr(pace_file, "acquire", counted)
        assert went(machine, one, requests=10) == pytest.approx(1)
    assert len(tries) == 1
    assert shared.fault == "another process keeps it locked"

    os.close(descriptor)
    machine.pass_by(AGAIN)
    one.wait()
    assert shared.fault == ""


def test_a_file_that_was_put_in_the_place_of_another_is_noticed(machine: Machine) -> None:
    one = machine.process(10)
    one.wait()
    machine.path.unlink()
    machine.process(10).slow_down(30)
    machine.pass_by(AGAIN)

    one.wait()

    assert sum(machine.sleeps) == pytest.approx(30.2)


Act = tuple[int, float, float | None]
ACTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.floats(0, 40, allow_nan=False),
        st.none() | st.none() | st.floats(0, 20, allow_nan=False),
    ),
    max_size=40,
)


@given(acts=ACTS, fulls=st.tuples(*[st.sampled_from([1.0, 3.0, 10.0])] * 3))
def test_however_processes_take_turns_no_rate_is_passed_and_no_silence_broken(
    tmp_path_factory: pytest.TempPathFactory, acts: list[Act], fulls: tuple[float, float, float]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("paces") / "pace")
    files = [machine.file(full) for full in fulls]
    processes = [
        Limiter(full, clock=lambda: machine.now, sleep=machine.pass_by, shared=each)
        for full, each in zip(fulls, files, strict=True)
    ]
    times: list[float] = []
    silent_until = 0.0
    for number, seconds, told in acts:
        machine.pass_by(seconds)
        try:
            processes[number].wait()
        except Unavailable:
            continue
        assert machine.now >= silent_until - 1e-6
        times.append(machine.now)
        if told is not None:
            processes[number].slow_down(told)
            silent_until = max(silent_until, machine.now + told)
        assert 0 < processes[number].rate <= max(fulls)
    for first, then in itertools.pairwise(times):
        assert then - first >= 1 / max(fulls) - 1e-6
    for each in files:
        each.close()


def child(path: Path, body: str) -> "subprocess.Popen[str]":
    """Run a process of its own with a pace, and have it stopped by the end of its input."""
    head = f"""
        import sys
        from pathlib import Path
        from docbatch.core.errors import Unavailable
        from docbatch.providers.accounts.pace_file import PaceFile
        from docbatch.providers.http.rates import Limiter
        pace = PaceFile(Path({str(path)!r}), 1e-3, 50)
    """
    code = textwrap.dedent(head) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


TAKE_ALL = """
    limiter = Limiter(1e-3, 50, shared=pace)
    print("ready", flush=True)
    sys.stdin.readline()
    taken = 0
    try:
        while True:
            limiter.wait()
            taken += 1
    except Unavailable:
        print(taken, flush=True)
"""
DIE_WITHIN = """
    with pace.opened() as bucket:
        bucket.tokens = 0.0
        print("ready", flush=True)
        sys.stdin.readline()
"""


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_real_processes_take_no_more_together_than_there_is(tmp_path: Path) -> None:
    with child(tmp_path / "pace", TAKE_ALL) as one, child(tmp_path / "pace", TAKE_ALL) as other:
        assert said(one) == said(other) == "ready"
        go(one)
        go(other)
        assert int(said(one)) + int(said(other)) == 50


def test_who_is_killed_in_the_middle_of_its_slot_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_files, "MOMENT", 60.0)
    pace = PaceFile(tmp_path / "pace", 1e-3, 50)
    with child(tmp_path / "pace", DIE_WITHIN) as other:
        assert said(other) == "ready"
        other.send_signal(signal.SIGKILL)
        other.wait()
        with pace.opened() as bucket:
            assert pace.fault == ""
            assert bucket.tokens == pytest.approx(50)
    pace.close()


def test_the_system_tells_one_start_of_the_machine_from_another() -> None:
    assert len(pace_file.boot()) == 16
    assert pace_file.boot() == pace_file.boot()
