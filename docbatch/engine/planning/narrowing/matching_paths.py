"""Which documents are meant by patterns over their paths."""

from collections.abc import Callable, Sequence

from docbatch.core.errors import UsageError
from docbatch.naming.pathtext import escape
from docbatch.sources.globs import compile_globs

Matches = Callable[[bytes], bool]


def matching(patterns: Sequence[str]) -> Matches:
    """Return what says of a path, relative to its source's root, whether a pattern matches it. Raises UsageError.

    Without patterns all match.
    """
    if not patterns:
        return lambda _path: True
    try:
        globs = compile_globs(patterns, hidden=True)
    except ValueError as error:
        raise UsageError(
            f"--path: {error}",
            hint="it is a pattern over paths relative to the job's source.root, such as 'in/**/*.pdf'",
        ) from error
    # A path may be typed as it is shown, too.
    return lambda path: globs(path) or globs(escape(path).encode())


def common_folder(patterns: Sequence[str]) -> bytes:
    """Return the folder, with a final "/", that all documents lie in which patterns match; empty where that is no one folder."""
    folder = compile_globs(patterns, hidden=True).prefix if patterns else b""
    # What is typed as it is shown may be other bytes.
    return b"" if b"%" in folder else folder
