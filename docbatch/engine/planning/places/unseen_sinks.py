"""Sinks whose outputs could not be looked at, so that nothing is known of the places of new ones."""

from collections.abc import Iterable
from typing import NamedTuple

from docbatch.core.errors import SinkError


class UnseenSink(NamedTuple):
    """A sink of a job, by its identity, and why it could not be looked into."""

    job: str
    identity: str
    error: SinkError


def each_once(found: Iterable[UnseenSink]) -> tuple[UnseenSink, ...]:
    """Return each sink with the first that was said of it."""
    first: dict[tuple[str, str], UnseenSink] = {}
    for each in found:
        first.setdefault((each.job, each.identity), each)
    return tuple(first.values())
