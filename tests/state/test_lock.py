"""One writer: the lock belongs to a living process, and to nobody else."""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import StateError, StateLocked
from docbatch.state import files, lock

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
import time
from pathlib import Path
from docbatch.state import lock

with lock.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@contextlib.contextmanager
def held(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold a lock."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return another process that holds the lock."""
    with held(path) as process:
        yield process


def test_a_lock_held_by_another_process_names_it(path: Path, holder: subprocess.Popen[str]) -> None:
    named = f"process {holder.pid} on {socket.gethostname()}"

    with pytest.raises(StateLocked, match=named) as raised, lock.hold(path):
        pass

    assert raised.value.exit_code == 11
    assert "nothing to remove" in str(raised.value.hint)


def test_it_can_be_seen_whether_a_lock_is_held(path: Path, holder: subprocess.Popen[str]) -> None:
    assert lock.is_held(path)
    holder.communicate()
    assert not lock.is_held(path)


def test_asking_whether_a_lock_is_held_does_not_take_it(path: Path, holder: subprocess.Popen[str]) -> None:
    lock.is_held(path)

    with pytest.raises(StateLocked), lock.hold(path):
        pass


def test_a_lock_ends_with_its_process_even_when_that_is_killed(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    with lock.hold(path):
        assert f"process {os.getpid()}" in str(lock.owner(path))


def test_what_a_dead_process_wrote_does_not_lock(path: Path) -> None:
    path.write_text('{"pid": 1, "host": "elsewhere", "started": "long ago"}')

    assert not lock.is_held(path)
    with lock.hold(path):
        pass


def test_a_child_does_not_inherit_the_lock(path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('here', flush=True); sys.stdin.read()"]
    pipe = subprocess.PIPE
    with lock.hold(path):
        child = subprocess.Popen(command, close_fds=False, stdin=pipe, stdout=pipe)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"here\n"
        assert not lock.is_held(path)
        child.kill()


def test_a_lock_ends_with_its_block_however_that_ends(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lock.hold(path):
        raise KeyboardInterrupt

    assert not lock.is_held(path)


def test_a_lock_that_was_let_go_names_nobody(path: Path) -> None:
    with lock.hold(path):
        pass

    assert lock.owner(path) is None


def test_a_block_that_failed_leaves_no_name_behind(path: Path) -> None:
    with pytest.raises(KeyError), lock.hold(path):
        raise KeyError

    assert lock.owner(path) is None


def test_who_only_looks_whether_it_is_held_keeps_nobody_from_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_EX)
    waits: list[float] = []

    def look_away(seconds: float) -> None:
        waits.append(seconds)
        os.close(looking)

    monkeypatch.setattr(time, "sleep", look_away)

    with lock.hold(path):
        assert len(waits) == 1


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", '{"pid": "x"}', '{"pid": 1}', pytest.param("[" * 100_000, id="deep")]
)
def test_an_unreadable_signature_names_nobody(path: Path, text: str) -> None:
    path.write_text(text)

    assert lock.owner(path) is None


def test_where_there_is_no_lock_file_nobody_holds_it(path: Path) -> None:
    assert not lock.is_held(path)
    assert lock.owner(path) is None


def test_a_file_system_without_locks_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(StateError, match="offers no locks"), lock.hold(path):
        pass


def test_a_lock_on_a_file_that_is_no_longer_there_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    plain = fcntl.flock
    replaced: list[int] = []

    def flock(descriptor: int, operation: int) -> None:
        plain(descriptor, operation)
        if path.exists() and not replaced:
            replaced.append(path.stat().st_ino)
            path.rename(tmp_path / "away")
            path.touch()

    monkeypatch.setattr(fcntl, "flock", flock)
    with lock.hold(path):
        assert replaced != [path.stat().st_ino]
        assert lock.is_held(path)
        assert lock.owner(path) is not None


@pytest.mark.parametrize("replace", [True, False], ids=["replaced", "removed"])
def test_a_lock_file_that_is_taken_away_meanwhile_frees_nothing(tmp_path: Path, *, replace: bool) -> None:
    files.prepare(tmp_path / ".docbatch")
    path = tmp_path / ".docbatch/lock"
    with held(path) as holder:
        path.unlink()
        if replace:
            path.touch()

        with pytest.raises(StateLocked), lock.hold(path):
            pass
        assert lock.is_held(path)

        holder.communicate()
        with lock.hold(path):
            pass


def test_a_signature_without_an_end_is_not_read_to_it(path: Path, holder: subprocess.Popen[str]) -> None:
    os.truncate(path, 1 << 40)

    with pytest.raises(StateLocked, match="another run"), lock.hold(path):
        pass


def test_a_lock_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("not ours")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="cannot be written"), lock.hold(tmp_path / "lock"):
        pass

    assert (tmp_path / "elsewhere").read_text() == "not ours"
