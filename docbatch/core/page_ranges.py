"""Ranges of pages that a job selects. Pure."""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""First and last pages, from 1, both included."""


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges in order that share no page; those that end before they begin hold none."""
    found = []
    reached = 0
    for first, last in sorted(ranges):
        if last > reached and first <= last:
            found.append((max(first, reached + 1), last))
            reached = last
    return tuple(found)


def number_within(ranges: Ranges, pages: int) -> int:
    """Return how many of the first so many pages lie within ranges that are `merged`."""
    return sum(max(0, min(last, pages) - first + 1) for first, last in ranges)


def number_of(ranges: Ranges) -> int:
    """Return how many pages ranges hold that are `merged`."""
    return sum(last - first + 1 for first, last in ranges)
