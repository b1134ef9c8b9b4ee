"""Files that options name to be written: what stands there already has to be such a file, or nothing is done."""

import contextlib
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from docbatch.core.errors import UsageError

_LOOKED_AT = 256


def require_own(path: Path, begins: re.Pattern[bytes], what: str, *, may_be_stream: bool = False) -> None:
    """Raise UsageError unless there is nothing, an empty file, or one that begins as what docbatch writes there.

    What stands there would be lost, or spoilt: a document, a spec, the state, a device. A stream only takes what comes.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            is_own = may_be_stream
        else:
            with path.open("rb") as file:
                beginning = file.read(_LOOKED_AT)
            is_own = not beginning or begins.match(beginning) is not None
    except (FileNotFoundError, NotADirectoryError):
        # A folder that is missing is told when the file is written.
        return
    except OSError:
        is_own = False
    if not is_own:
        raise _foreign(path, what)


def require_unread(path: Path, *others: Path, specs: Iterable[Path] = (), untrusted: bool = False) -> None:
    """Raise UsageError where a source would read what is to be written to `path`, or to `others` beside it, as a document.

    `specs` are looked at beside those of jobs/. What is wrong with any of them the command itself tells.
    """
    from docbatch.cli.workspace import declared_project
    from docbatch.core.errors import SpecError
    from docbatch.specs.load import load_jobs
    from docbatch.specs.readers import first_reader, would_be_read

    try:
        project = declared_project(untrusted=untrusted)
        named = tuple(specs)
        jobs = load_jobs(project, named) if named else ()
    except (SpecError, UsageError):
        return
    # A project may have no folder of jobs.
    with contextlib.suppress(SpecError, UsageError):
        jobs += load_jobs(project)
    read = first_reader(jobs, (path, *others))
    if read is not None:
        raise would_be_read(*read)


def _foreign(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path}: exists already and is not {what} that docbatch wrote; nothing was changed",
        hint="name another file, or move this one away",
    )
