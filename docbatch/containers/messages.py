"""What is said to the process that reads containers, and by it. Names travel as Python keeps the names of files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import ContainerMember, UnfitMember
from docbatch.containers.kinds import ContainerKind
from docbatch.core.models import Failure, FailureClass
from docbatch.processes.frames import Frame

TOGETHER = 512
"""So many members travel together."""
_OF_A_FAILURE = 3
BUSY = Frame(["busy"])
END = Frame(["end"])
CHANGED = Frame(["changed"])
"""The container is not the one that was meant."""

Place = tuple[int | str, ...]


class ContainerFile(NamedTuple):
    """A container as a process is told of it. Without a `file` its bytes were carried there as `token`."""

    file: str
    token: str
    digest: str
    kind: ContainerKind


def carry(token: str, content: bytes) -> Frame:
    return Frame(["carry", token], content)


def list_members(
    container: ContainerFile, bounds: ContainerBounds, passed_over: Mapping[str, Failure]
) -> Frame:
    left_out = [[name, *_failure(failure)] for name, failure in passed_over.items()]
    return Frame(["list", list(container), bounds.members, bounds.all, left_out])


def opens(name: str) -> Frame:
    """What is said before something is opened over which a process may end."""
    return Frame(["opens", name])


def read_wish(message: Sequence[Any], bounds: ContainerBounds) -> tuple[ContainerBounds, dict[str, Failure]]:
    """Return how much is to be listed, and what is to be left closed."""
    members, everything, left_out = message
    narrowed = replace(bounds, members=int(members), all=int(everything))
    return narrowed, {str(name): read_failure(failure) for name, *failure in left_out}


def read_member(container: ContainerFile, place: Place) -> Frame:
    return Frame(["read", list(container), list(place)])


def failed(failure: Failure) -> Frame:
    return Frame(["failed", *_failure(failure)])


def rows_message(rows: Sequence[ContainerMember | UnfitMember]) -> Frame:
    return Frame(["rows", pack_rows(rows)])


def pack_rows(rows: Sequence[ContainerMember | UnfitMember]) -> list[Any]:
    """Return members as what JSON can say; what a mail says of itself is said once."""
    facts: list[dict[str, str]] = []
    packed: list[list[Any]] = []
    for row in rows:
        said = dict(row.facts)
        if said and (not facts or facts[-1] != said):
            facts.append(said)
        number = len(facts) - 1 if said else None
        if isinstance(row, UnfitMember):
            packed.append([row.name, *_failure(row.failure), number])
        else:
            packed.append([row.name, list(row.place), row.digest, row.media_type, row.size, number])
    return [facts, packed]


def unpack_rows(message: Any) -> Iterator[ContainerMember | UnfitMember]:
    """Yield members again. Raises one of NONSENSE."""
    facts, packed = message
    for name, *told, number in packed:
        said = {} if number is None else facts[number]
        if len(told) == _OF_A_FAILURE:
            yield UnfitMember(name, read_failure(told), said)
        else:
            place, digest, media_type, size = told
            yield ContainerMember(name, read_place(place), digest, media_type, int(size), said)


def read_failure(message: Sequence[Any]) -> Failure:
    kind, text, code = message
    return Failure(FailureClass(kind), str(text), code)


def read_container(message: Sequence[Any]) -> ContainerFile:
    file, token, digest, kind = message
    return ContainerFile(file, token, digest, ContainerKind(kind))


def read_place(message: Iterable[Any]) -> Place:
    return tuple(each if isinstance(each, str) else int(each) for each in message)


def _failure(failure: Failure) -> tuple[str, str, str | None]:
    return str(failure.kind), failure.message, failure.code
