"""What is asked of stores for a plan is watched: told now and then, and ended with the run."""

import time
from unittest import mock

import pytest

from docbatch.core.errors import TimeUp
from docbatch.engine.planning.origins.watched_reading import WatchedReading
from docbatch.engine.progress_notices import Notice, ReadObjects, Trouble


def test_how_many_objects_were_read_is_told_at_most_once_a_second() -> None:
    told: list[Notice] = []
    now = time.monotonic()
    with mock.patch.object(time, "monotonic", side_effect=lambda: now):
        watched = WatchedReading(told.append, lambda: 1.0)
        for step in (0.4, 0.5, 0.2, 0.9):
            now += step
            watched(1)
            watched()

    assert told == [ReadObjects(3)]


def test_it_ends_when_no_time_is_left() -> None:
    left = 1.0
    watched = WatchedReading(lambda _notice: None, lambda: left)
    watched(2)
    left = 0.0
    with pytest.raises(TimeUp, match="2 new objects were read"):
        watched()


def test_a_store_that_gives_no_list_is_told_once_for_each_time() -> None:
    told: list[Notice] = []
    watched = WatchedReading(told.append, lambda: 1.0)

    for seconds in (0.2, 4.9, 5.1, 5.3, 9.0):
        watched.silent("lake", seconds)
    assert told == [
        Trouble(
            "store 'lake'",
            "has given no list for 5 s; errors that pass are asked about again for 30 s at most",
        )
    ]
    for seconds in (0.2, 5.2):
        watched.silent("lake", seconds)
    assert len(told) == 2
