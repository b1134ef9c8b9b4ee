"""The real command over many repositories, each in a process of its own that is forked from one which has imported it.

    python -m tests.untrusted.looking FOLDER COMMAND… < names

What a command opened, connected to or started is noted by an audit hook. Its processor time and memory are bounded.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SECONDS = 10
"""Of processor time."""
BYTES = 300_000_000
PATIENCE = 120
_WATCHED = ("open", "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.scandir", "os.listdir", "sqlite3.connect")  # fmt: skip
_OPENING = ("open", "os.scandir", "os.listdir", "sqlite3.connect")


def main(folder: Path, commands: Sequence[str]) -> None:
    from docbatch import cli

    for command in ("validate", "plan"):
        cli.docbatch.get_command(None, command)  # type: ignore[arg-type]
    told = os.fdopen(os.dup(1), "w")
    _warm(folder)
    for name in sys.stdin.read().splitlines():
        for command in commands:
            print(
                json.dumps({"name": name, "command": command, **_looked(folder / name, command.split())}),
                file=told,
                flush=True,
            )


def _warm(folder: Path) -> None:
    """Have all imported that a plan needs, so that what is opened later is not a module."""
    os.chdir(folder / "warm")
    _run(["plan", "--untrusted"], os.open(os.devnull, os.O_WRONLY))


def _looked(root: Path, arguments: Sequence[str]) -> dict[str, Any]:
    said, notes = (os.memfd_create(name) for name in ("said", "notes"))
    child = os.fork()
    if child == 0:
        os.chdir(root)
        _bound()
        _watch(root, notes)
        os._exit(_run(arguments, said))
    _, status, usage = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "said": _content(said).decode(errors="surrogateescape"),
        "notes": sorted(set(_content(notes).decode().splitlines())),
        "memory": usage.ru_maxrss * 1024,
        "seconds": usage.ru_utime + usage.ru_stime,
    }


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What waits for ever takes no processor time.
    signal.alarm(PATIENCE)


SHARED = ("/usr/share", "/usr/local/share", "/opt")
"""Where programs of this machine keep data, such as what Tesseract reads pictures with."""
CHECKOUT = Path(__file__).parents[2]
"""Where docbatch itself lies, with what an installer notes beside it."""


def _watch(root: Path, notes: int) -> None:
    known = tuple(
        {
            os.path.realpath(each)
            for each in (
                sys.prefix,
                sys.base_prefix,
                CHECKOUT / "docbatch",
                CHECKOUT / "docbatch.egg-info",
                *SHARED,
            )
        }
    )
    own = os.path.realpath(root)

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_WATCHED):
            for place in _foreign(event, arguments, (own, *known)):
                os.write(notes, f"{event} {place!r}\n".encode(errors="backslashreplace"))

    sys.addaudithook(note)


def _foreign(event: str, arguments: tuple[Any, ...], known: Sequence[str]) -> Iterator[object]:
    if event in _OPENING:
        place = arguments[0]
        if isinstance(place, str | bytes) and place not in {"", b""}:
            text = os.path.realpath(os.fsdecode(place))
            if not any(text == each or text.startswith(f"{each}/") for each in known):
                yield place
    elif not event.startswith("sqlite3."):
        yield arguments


def _run(arguments: Sequence[str], output: int) -> int:
    from docbatch import cli

    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["docbatch", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - shown as the interpreter would
        import traceback

        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _content(handle: int) -> bytes:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(handle, "rb") as stream:
        return stream.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
