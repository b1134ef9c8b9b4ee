"""Files called .docbatchignore below a source's root: read as a walk comes by, or for one path."""

import os
import stat
from collections.abc import Callable

from docbatch.core.errors import GuardRefused
from docbatch.naming.pathtext import escape
from docbatch.sources.ignore_rules import (
    IGNORE_FILE,
    MOST_BYTES,
    MOST_LINES,
    IgnoreLine,
    IgnoreRules,
    IgnoreScope,
)

_HINT = "nothing was changed; mend the file, or remove it: without it more would be sent than is meant"
_AS_A_NAME = 15
"""So many comparisons with single expressions take as long as looking at a name."""


class IgnoreFiles:
    """What they leave out below a root, with what it came to. `note` bounds the work, see `Allowance.list_folder`."""

    def __init__(self, root: bytes, note: Callable[[int], None] | None = None) -> None:
        self.files = 0
        self.folders = 0
        self._root = root
        self._note = note
        self._tried = 0

    def below(self, scope: IgnoreScope, prefix: bytes) -> IgnoreScope:
        """Return the scope of a folder that has a file of its own. Raises GuardRefused for one that cannot be followed."""
        rules = IgnoreRules(_read(self._root + b"/" + prefix), escape(prefix + IGNORE_FILE))
        if len(rules.lines) > MOST_LINES:
            raise _refused(rules.file, f"it has more than {MOST_LINES:,} patterns")
        if self._note is not None:
            self._note(len(rules.lines))
        return scope.under(rules)

    def kept(self, scope: IgnoreScope, names: list[bytes]) -> list[bytes]:
        """Return the names of a folder's files that are not left out."""
        kept = [name for name in names if not scope.has(name, is_folder=False)]
        self.files += len(names) - len(kept)
        self._watch(scope)
        return kept

    def has_folder(self, scope: IgnoreScope, name: bytes) -> bool:
        """Say whether a folder is left out, and with it all that lies below."""
        is_left_out = bool(scope.layers) and scope.has(name, is_folder=True)
        self.folders += is_left_out
        self._watch(scope)
        return is_left_out

    def deciding(self, path: bytes) -> tuple[IgnoreRules, IgnoreLine] | None:
        """Return the line that leaves out a path or a folder above it, and its file; None where none does."""
        *folders, name = path.split(b"/")
        scope, prefix = IgnoreScope(), b""
        for step in (*folders, None):
            own = self._root + b"/" + prefix + IGNORE_FILE
            if os.path.isfile(own) or os.path.islink(own):  # noqa: PTH113, PTH114 - a Path holds no bytes
                scope = self.below(scope, prefix)
            found = scope.decided(name if step is None else step, is_folder=step is not None)
            if found is not None and not found[1].is_back:
                return found
            if step is not None:
                scope, prefix = scope.enter(step), prefix + step + b"/"
        return None

    def _watch(self, scope: IgnoreScope) -> None:
        if self._note is not None and (fresh := scope.tried - self._tried) >= _AS_A_NAME:
            self._tried = scope.tried
            self._note(fresh // _AS_A_NAME)


def _read(folder: bytes) -> bytes:
    """Return what is in the file of a folder. Neither a link is followed nor a pipe waited for."""
    shown = escape(IGNORE_FILE)
    try:
        handle = os.open(folder + IGNORE_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _refused(escape(folder) + shown, "it is not a regular file")
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refused(
            escape(folder) + shown, f"it cannot be read: {error.strerror}; a link is not followed"
        ) from error
    if len(content) > MOST_BYTES or b"\0" in content:
        raise _refused(escape(folder) + shown, f"it is no text of at most {MOST_BYTES:,} bytes")
    return content


def _refused(file: str, told: str) -> GuardRefused:
    return GuardRefused(f"{file} says what is left out, and {told}", hint=_HINT)
