"""A real child: what it is asked comes back in order, and whatever becomes of it is seen from here."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from docbatch.processes import frames
from docbatch.processes.child import Child, environment
from docbatch.processes.frames import NONSENSE, Frame
from docbatch.testing.patience import LONG
from tests.providers.local.harness import await_readable

ROOT = str(Path(__file__).parents[2])


@pytest.fixture
def child() -> Iterator[Child[str]]:
    started: Child[str] = Child(("tests.processes.obedient",), environment((ROOT,)))
    yield started
    if started._process.returncode is None:
        started.kill()
        started.end()


def ask(child: Child[str], *deeds: str, payload: bytes = b"") -> None:
    for deed in deeds:
        child.give(deed, Frame(deed, payload))


def answers(child: Child[str]) -> Iterator[Frame]:
    """Yield what the child answers until it is done with all it was asked, or gone."""
    with suppress(EOFError):
        while child.asked:
            for frame in child.arrived():
                child.asked.popleft()
                yield frame


def test_requests_are_answered_in_order_with_their_bytes(child: Child[str]) -> None:
    large = os.urandom(3 << 20)
    ask(child, "say", "print", "read")
    said = [*answers(child)]
    ask(child, "say", payload=large)

    assert child.is_ready
    assert [frame.message[0] for frame in said] == ["say", "print", "read"]
    assert [frame.payload for frame in answers(child)] == [large]


def test_what_was_not_answered_is_known_when_a_child_dies(child: Child[str]) -> None:
    ask(child, "say", "abort", "say")
    for _ in answers(child):
        child.clock(lambda _deed: 60)
    child.clock(lambda _deed: 60)

    assert list(child.asked) == ["abort", "say"]
    assert child.end() == -signal.SIGABRT
    assert child.is_guilty()


@pytest.mark.parametrize(("own", "known"), [(10, True), (300, False)])
def test_the_peak_of_a_child_is_never_that_of_the_process_which_started_it(own: int, *, known: bool) -> None:
    program = (
        "from docbatch.processes.child import Child, environment\n"
        "from docbatch.processes.frames import Frame\n"
        f"held = b'x' * ({own} << 20)\n"
        f"child = Child(('tests.processes.obedient',), environment(({ROOT!r},)))\n"
        "child.give('hold', Frame('hold'))\n"
        "while child.asked:\n"
        "    for _ in child.arrived():\n"
        "        child.asked.popleft()\n"
        "child.end()\n"
        "print(child.peak >> 20)\n"
    )
    # A shell between them, which is small: the memory of these tests would be taken for the program's own.
    small = ("sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", program)
    ended = subprocess.run(small, cwd=ROOT, capture_output=True, text=True, check=True)
    peak = int(ended.stdout)

    assert 100 <= peak < 200 if known else peak == 0


def test_a_child_that_gives_its_last_answer_is_not_guilty_of_what_it_did_not_begin(child: Child[str]) -> None:
    ask(child, "last", "say")
    for _ in answers(child):
        child.clock(lambda _deed: 60)

    assert list(child.asked) == ["say"]
    assert child.is_spent
    assert not child.is_guilty()
    assert child.end() == 0


def test_a_child_that_closed_its_pipes_may_end_by_itself(
    child: Child[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.processes.child._LAST_MOMENT", LONG)
    ask(child, "linger")

    assert list(answers(child)) == []
    assert child.end() == 3


def test_a_child_has_no_deadline_but_while_it_works(child: Child[str]) -> None:
    start = child.deadline
    ask(child, "say", "say")
    allowed = []
    for _ in answers(child):
        child.clock(lambda _deed: 60)
        allowed.append(child.deadline - child.since)

    assert start == math.inf
    assert allowed == [pytest.approx(60), math.inf]
    assert child.at_work is None


def test_a_child_that_babbles_is_found_out_and_its_end_is_still_seen(child: Child[str]) -> None:
    ask(child, "babble")
    with pytest.raises(NONSENSE):
        list(answers(child))
    child.kill()

    with pytest.raises(EOFError):
        hear_out(child)
    assert child.end() == -signal.SIGKILL


def hear_out(child: Child[str]) -> None:
    while True:
        with suppress(*NONSENSE):
            list(child.arrived())


def test_what_a_child_started_is_killed_with_it(child: Child[str]) -> None:
    ask(child, "fork")
    (said,) = answers(child)
    (_, grandchild) = said.message
    watch = os.pidfd_open(grandchild)
    child.kill()

    assert child.end() == -signal.SIGKILL
    await_readable(watch)
    os.close(watch)


def test_a_child_that_is_gone_may_be_asked_and_answers_nothing(child: Child[str]) -> None:
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    ask(child, "say")

    assert list(answers(child)) == []
    assert list(child.asked) == ["say"]
    assert not child.is_guilty()


def test_what_is_too_large_to_ask_was_not_asked(child: Child[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_PAYLOAD", 10)
    with pytest.raises(ValueError, match="too large"):
        ask(child, "say", payload=b"x" * 11)
    ask(child, "say", payload=b"x")

    assert [frame.payload for frame in answers(child)] == [b"x"]
