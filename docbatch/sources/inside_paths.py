"""Paths of what lies in containers, which begin with those of the containers."""

from collections.abc import Iterable, Iterator

from docbatch.containers.kinds import kind_of
from docbatch.containers.member_listing import SEPARATOR
from docbatch.media.names import promised_type
from docbatch.naming.pathtext import escape

MARK = SEPARATOR.encode()


def last_name(path: bytes) -> str:
    """Return the name of a file as text."""
    return escape(path.rpartition(b"/")[2])


def outer_paths(path: bytes) -> Iterator[bytes]:
    """Yield the paths of what a document may lie in, the outermost first."""
    at = path.find(MARK)
    while at >= 0:
        if at:
            yield path[:at]
        at = path.find(MARK, at + 1)


def leading_to(paths: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the paths of all that has to be looked at to find documents."""
    for path in paths:
        yield path
        yield from outer_paths(path)
        base, _, number = path.rpartition(MARK)
        if base and number.isdigit() and len(number) <= 2:
            yield from (base + MARK + b"%d" % taken for taken in range(2, int(number)))


def hidden_by(path: bytes) -> bytes | None:
    """Return how all begins that lies in what cannot be looked into; None where its name promises no container but a PDF."""
    promised = promised_type(path)
    kind = None if promised is None else kind_of(promised, last_name(path))
    is_none = promised is not None and (kind is None or kind.is_document)
    return None if is_none or path.endswith(b"/") else path + MARK
