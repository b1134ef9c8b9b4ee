"""What the readers of containers have in common: what lies inside, opened by its place."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Self

from docbatch.core.models import Failure, FailureClass

FACTS = ("from", "to", "cc", "date", "subject", "message_id")
"""What a mail says of itself."""


class NotOpened(Exception):
    """A container, or something inside of it, that cannot be had."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Inside(NamedTuple):
    """Something in a container. `place` is its number there; the name is a path where a container has folders.

    Bytes of a name that are not UTF-8 are kept as Python keeps them in the names of files.
    """

    name: str
    place: int
    failure: Failure | None = None


class OpenContainer(ABC):
    """A container that was opened. `facts` are what a mail says of itself, which holds for all inside of it.

    `fault` is what is wrong with it, known when all inside was asked for: some of it may be missing. `unpacked` is how many
    bytes had to be unpacked to open it, whatever lies inside.
    """

    facts: Mapping[str, str] = {}
    fault: Failure | None = None
    unpacked: int = 0

    @abstractmethod
    def inside(self) -> Iterator[Inside]:
        """Yield what lies inside. Raises NotOpened."""

    @abstractmethod
    def open(self, place: int) -> BinaryIO:
        """Open the bytes of something inside. Raises NotOpened, and whatever a library raises over damaged ones."""

    def within(self, place: int) -> "OpenContainer | None":
        """Return something inside that is a container and no bytes."""
        del place
        return None

    def close(self) -> None:
        """Let go of what is held beside the file that was opened."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class ContainerMember:
    """A document inside of a container, by its path there. `place` leads to it; `facts` are those of the mail it lies in."""

    name: str
    place: tuple[int | str, ...]
    digest: str
    media_type: str
    size: int
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnfitMember:
    """Something inside that cannot be a document; the container itself where it has no name. `facts` are those of its mail."""

    name: str
    failure: Failure
    facts: Mapping[str, str] = field(default_factory=dict)


def damaged(what: str, code: str | None = None) -> Failure:
    return Failure(FailureClass.CORRUPT, what, code)
