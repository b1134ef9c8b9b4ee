"""The real command, listening on a free port, and what it left in the inbox."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.project import Project

EXTEND_SECRET = "wss_planted0123456789"
LLAMA_SECRET = "planted-llama-0123456789"
SECRETS = (EXTEND_SECRET, LLAMA_SECRET)
ENVIRONMENT = {
    **os.environ,
    "PYTHONWARNINGS": "error",
    "EXTEND_WEBHOOK_SECRET": EXTEND_SECRET,
    "LLAMA_CLOUD_WEBHOOK_SECRET": LLAMA_SECRET,
}


@dataclass
class Listening:
    process: "subprocess.Popen[str]"
    root: Path
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.urls["extend"].removeprefix("http://").partition("/")[0].rpartition(":")
        return host, int(port)

    def hints(self) -> list[dict[str, Any]]:
        inbox = self.root / ".docbatch" / "inbox"
        return [json.loads(path.read_text()) for path in sorted(inbox.glob("*.json"))]

    def converse(self, *parts: bytes) -> bytes:
        """Send bytes, and return all that comes back until the connection is closed."""
        with socket.create_connection(self.address, timeout=10) as connection:
            # A server that has answered already may have closed.
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    connection.sendall(part)
            return received(connection)

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it, and return its exit code and what it wrote on stderr."""
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


def received(connection: socket.socket) -> bytes:
    """Return all that comes until the connection is closed, in whatever way."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            found += part
    return found


def listen(project: Project) -> Listening:
    process = project.start("listen", "--port", "0", env=ENVIRONMENT)
    assert process.stdout is not None
    listening = Listening(process, project.root)
    while len(listening.urls) < 2:
        name, _, url = process.stdout.readline().strip().partition(": listening at ")
        assert url, process.communicate()[1]
        listening.urls[name] = url
    return listening


@contextlib.contextmanager
def listening_on(project: Project) -> Iterator[Listening]:
    listening = listen(project)
    with ended(listening.process):
        yield listening


@contextlib.contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """See to it that a process does not outlive its test."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
