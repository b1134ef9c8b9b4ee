"""Waiting for the lock: who is waited for is told, the wait ends with its owner, in time, or as soon as somebody ends it."""

import threading
from pathlib import Path

import pytest

from docbatch.core.errors import Interrupted, StateLocked
from docbatch.state import lock
from docbatch.state.lock import AGAIN, BETWEEN_TRIES, LockAwaited, LockPatience, patiently
from tests.state.test_lock import held


class Hands:
    """Time that passes where it is slept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0
        self.told: list[LockAwaited] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1

    def patience(self, seconds: float) -> LockPatience:
        return LockPatience(seconds, self.told.append, monotonic=self.monotonic, sleep=self.sleep)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_a_lock_is_got_once_its_owner_lets_go(path: Path, hands: Hands) -> None:
    with held(path) as owner:

        def let_go(_seconds: float) -> None:
            owner.kill()
            owner.wait()

        patience = LockPatience(600.0, hands.told.append, sleep=let_go)
        with patiently(patience), lock.hold(path):
            pass

    (told,) = hands.told
    assert told.owner.startswith(f"process {owner.pid} on ")
    assert told.seconds == 600.0


def test_the_wait_ends_when_the_time_is_up(path: Path, hands: Hands) -> None:
    with (
        held(path) as owner,
        patiently(hands.patience(2.0)),
        pytest.raises(StateLocked, match=f"process {owner.pid}"),
        lock.hold(path),
    ):
        pass

    assert hands.slept == 2.0 / BETWEEN_TRIES


def test_the_time_is_that_of_all_locks_together(path: Path, hands: Hands) -> None:
    with held(path), patiently(hands.patience(2.0)):
        for _ in range(2):
            with pytest.raises(StateLocked), lock.hold(path):
                pass

    assert hands.slept == 2.0 / BETWEEN_TRIES


def test_who_is_waited_for_is_told_again_now_and_then(hands: Hands) -> None:
    patience = hands.patience(3 * AGAIN)
    while patience.wait("one"):
        pass

    assert [round(each.seconds) for each in hands.told] == [180, 120, 60]


def test_another_owner_is_told_at_once(hands: Hands) -> None:
    patience = hands.patience(AGAIN)
    for owner in ("one", "one", "other", "other"):
        patience.wait(owner)

    assert [each.owner for each in hands.told] == ["one", "other"]


def test_whoever_ends_it_ends_the_wait(path: Path, hands: Hands) -> None:
    patience = LockPatience(600.0, hands.told.append, lambda: True)

    with held(path), patiently(patience), pytest.raises(Interrupted) as raised, lock.hold(path):
        pass

    assert raised.value.exit_code == 130


def test_without_patience_nothing_is_waited_for(path: Path) -> None:
    with held(path), pytest.raises(StateLocked), lock.hold(path):
        pass


def test_a_lock_that_is_kept_ready_is_taken_once(path: Path) -> None:
    with lock.kept_ready(path):
        with lock.hold(path):
            assert lock.is_held(path)
            with pytest.raises(StateLocked), lock.hold(path):
                pass
        with lock.hold(path):
            pass

    assert not lock.is_held(path)


def test_a_lock_that_is_kept_ready_is_not_another_threads(path: Path) -> None:
    refused: list[StateLocked] = []

    def take() -> None:
        try:
            with lock.hold(path):
                pass
        except StateLocked as error:
            refused.append(error)

    with lock.kept_ready(path):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()

    assert len(refused) == 1


def test_the_command_of_the_owner_is_told(path: Path) -> None:
    from docbatch import invocation

    with invocation.started(["apply", "jobs/a.yaml"]), lock.hold(path):
        assert str(lock.owner(path)).endswith("(apply jobs/a.yaml)")


def test_a_lock_signed_without_a_command_has_an_owner(path: Path) -> None:
    path.write_text('{"pid": 1, "host": "elsewhere", "started": "long ago"}')

    assert lock.owner(path) == "process 1 on elsewhere, since long ago"
