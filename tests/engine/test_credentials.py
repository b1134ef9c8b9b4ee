"""Commands that print a key: where they run, and that nobody waits for them for ever."""

import os
import sys
import threading
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError
from docbatch.engine.connections import credentials
from docbatch.engine.connections.credentials import read_key
from docbatch.secret_references import CommandReference, FileReference
from docbatch.testing.patience import LONG, until


def command(code: str) -> CommandReference:
    return CommandReference(command=[sys.executable, "-c", code])


def refused(code: str, root: Path, over: threading.Event | None = None) -> str:
    with pytest.raises(CredentialsError) as raised:
        read_key("vendor", command(code), root, over)
    assert "planted" not in raised.value.message
    return raised.value.message


def test_it_runs_in_the_projects_root(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key-of-the-project")

    assert read_key("vendor", command("print(open('key').read())"), tmp_path) == "key-of-the-project"


def test_one_that_fails_says_how_and_shows_nothing_it_printed(tmp_path: Path) -> None:
    assert "failed, with exit code 3" in refused("print('planted'); raise SystemExit(3)", tmp_path)
    assert "printed what is no text" in refused(
        "import sys; sys.stdout.buffer.write(b'planted' + bytes([255]))", tmp_path
    )
    with pytest.raises(CredentialsError, match="failed"):
        read_key("vendor", CommandReference(command=["/nonexistent/command"]), tmp_path)


def test_one_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "PATIENCE", 0.5)

    told = refused(f"import time; time.sleep({LONG})", tmp_path)

    assert "did not end within 0.5 s" in told


def test_one_that_nobody_waits_for_any_more_is_ended_at_once(tmp_path: Path) -> None:
    over = threading.Event()
    told: list[str] = []
    writes = f"import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep({LONG})"
    thread = threading.Thread(target=lambda: told.append(refused(writes, tmp_path, over)))
    thread.start()
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "it did not begin")

    over.set()
    thread.join(LONG)

    assert ["did not end" in each for each in told] == [True]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_one_that_prints_for_ever_is_ended(tmp_path: Path) -> None:
    assert "printed more than" in refused("while True: print('planted' * 1000)", tmp_path)


def test_one_whose_child_keeps_the_pipe_is_not_waited_for(tmp_path: Path) -> None:
    leaves = f"import subprocess; subprocess.Popen(['sleep', '{LONG}']); print('key-of-the-project')"

    assert read_key("vendor", command(leaves), tmp_path) == "key-of-the-project"


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/tty", ".", "long"])
def test_a_key_file_that_is_none_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_text("planted" * credentials.LARGEST)

    with pytest.raises(CredentialsError, match=r"the key file .* (is|cannot)") as raised:
        read_key("vendor", FileReference(file=name), tmp_path)

    assert "planted" not in raised.value.message
