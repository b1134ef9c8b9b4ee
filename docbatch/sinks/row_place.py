"""The contract of a place that keeps rows of many documents, as it is looked at and cleared apart from runs: by drift and prune.

What a kind of sink answers it with says itself, without any spec, what docbatch wrote there: a job may be gone, and other columns
may be declared by now. Every method raises SinkError where the place cannot be asked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from docbatch.sinks.base import Difference

Keep = Callable[[Iterable[tuple[bytes, bytes]]], object]
"""Writes content of documents, (path, content) each, durably before it returns; the same document may be handed over again."""


@dataclass(frozen=True, slots=True)
class RowsFound:
    """What stands of a document in a place. `keeps` says why it is not docbatch's to remove, where it is not; `is_edited` that it was changed."""

    keeps: str | None = None
    is_edited: bool = False


class RowPlace(Protocol):
    """The rows of one job. `shown` is how reports name the place, `window` how many documents are worth asking about at once."""

    shown: str
    window: int

    def is_shared(self, jobs: Collection[str]) -> bool:
        """Say whether others may have rows there too: jobs of this project beside those that are named, or other projects."""

    def known_as(self) -> str:
        """Return text that is equal for places that are one, by whatever name they are reached."""

    def check(self, written: Sequence[tuple[bytes, str]]) -> Iterator[tuple[bytes, Difference]]:
        """Yield the documents that are not as they were left, given (path, stamp) of each as the sink returned it."""

    def strangers(self) -> Iterator[bytes]:
        """Yield documents of which rows stand there that docbatch did not write, each once and in the order of keys there."""

    def judge(self, paths: Sequence[bytes]) -> Mapping[bytes, RowsFound]:
        """Say of these documents what stands there, in the order in which they are best taken; nothing of those of which nothing does."""

    def standing(self, paths: Sequence[bytes]) -> set[bytes]:
        """Return of which of these documents the place itself says that docbatch wrote them and that they are there."""

    def take(self, paths: Sequence[bytes], keep: Keep) -> Mapping[bytes, str]:
        """Remove what is as docbatch left it, once `keep` has it, and return why the others stay. Raises OSError, and what `keep` raises.

        All of a document is removed or nothing. What is gone already is no reason to stay.
        """

    def put_back(self, kept: Sequence[tuple[bytes, Callable[[], bytes]]]) -> Mapping[bytes, str]:
        """Write again what `keep` was handed, read when it is needed, where nothing stands by now, and return why the others are not there.

        Raises OSError.
        """

    def stamp(self) -> str | None:
        """Return the stamp of the place for the job, as the sink would; None where documents have stamps of their own."""
