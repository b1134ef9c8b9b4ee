"""A catalogue of engines for tests: a document says itself how the engine that reads it shall behave.

`first` engines are tried before `second` ones. Words in the document: `hang`, `nap`, `abort`, `exit`, `panic`, `eat`,
`run-out`, `print`, `babble`, `give-back`, `fail`, `kill`, as the system does it; `first-…` makes only the first engine do it. `tell:PATH` writes to a named pipe before anything else,
`kill-once:PATH` kills only as long as there is no file.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.frames import Frame, pack
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.messages import returned_frame


class PanicException(BaseException):
    """Like that of native engines: no `except Exception` catches it."""


def _hang() -> None:
    while True:
        pass


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _panic() -> None:
    raise PanicException("poisoned")


def _print() -> None:
    os.write(1, b"".join(pack(Frame(["Unkept", "a stray print"]))))


def _tell(said: bytes) -> None:
    for descriptor in range(3, 20):
        with suppress(OSError):
            os.write(descriptor, said)


def _run_out() -> None:
    os.write(2, b"memory allocation of 4096 bytes failed\n")
    os.abort()


_DEEDS: dict[str, Callable[[], object]] = {
    "hang": _hang,
    "abort": os.abort,
    "kill": _kill,
    "exit": lambda: os._exit(0),
    "nap": lambda: time.sleep(0.3),
    "panic": _panic,
    "eat": lambda: bytearray(2 * 10**9),
    "run-out": _run_out,
    "print": _print,
    "babble": lambda: _tell(b"{}" * 100),
    "give-back": lambda: _tell(b"".join(pack(returned_frame(0, 99)))),
}


class Engine:
    def __init__(self, name: str) -> None:
        self.name = self.label = name

    def warm_up(self) -> None:
        pass

    def extract(self, data: bytes, _media_type: str, _options: Options, /) -> Parsed | Failure:
        words = data.decode().split()
        for word in words:
            self._do(word)
        if "fail" in words or f"{self.name}-fail" in words:
            return Failure(FailureClass.CORRUPT, f"{self.name} cannot read it")
        return Parsed(markdown=None, text=f"{self.name} in {os.getpid()}: {data.decode()}")

    def close(self) -> None:
        pass

    def _do(self, word: str) -> None:
        if word.startswith("tell:"):
            Path(word.removeprefix("tell:")).write_text(str(os.getpid()))
        if word.startswith("kill-once:") and not (mark := Path(word.removeprefix("kill-once:"))).exists():
            mark.touch()
            _kill()
        deed = _DEEDS.get(word.removeprefix(f"{self.name}-"))
        if deed:
            deed()


def route(media_type: str, _options: Options) -> tuple[str, ...]:
    return ("first", "second") if media_type == "application/two" else ("first",)


def load(name: str) -> Engine:
    if name == "nothing":
        raise ImportError(name)
    return Engine(name)
