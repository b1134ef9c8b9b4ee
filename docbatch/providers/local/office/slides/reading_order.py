"""The order in which a person reads what stands on a slide."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from docbatch.providers.local.engines import Json

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_DEEPEST = 12
_MOST = 400
_OVERLAP = 0.15
"""So much of the smaller of two boxes may lie beside a cut."""


@dataclass(frozen=True, slots=True)
class SlideFrame:
    """What stands in one place; `box` is None where that is not said."""

    blocks: Sequence[Json]
    box: Box | None = None
    is_title: bool = False


_Placed = TypeVar("_Placed", bound=SlideFrame)


def ordered(frames: Sequence[_Placed]) -> list[_Placed]:
    """Return titles first, then the rest from top to bottom, columns one after the other.

    Frames without a place stay behind those they follow; too many to be a text keep their order.
    """
    titles = [frame for frame in frames if frame.is_title]
    rest = [frame for frame in frames if not frame.is_title]
    if len(rest) > _MOST:
        return titles + rest
    runs: list[list[_Placed]] = []
    for frame in rest:
        if frame.box is None and runs:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return titles + [frame for run in _cut(runs, _DEEPEST) for frame in run]


def _cut(runs: list[list[_Placed]], depth: int) -> list[list[_Placed]]:
    if len(runs) < 2 or depth == 0:
        return runs
    ways = [bands for axis in (1, 0) if len(bands := _bands(runs, axis)) > 1]
    if ways:
        # Cards beside each other may be rows or columns: their maker's order tells.
        best = min(ways, key=lambda bands: _turns(bands, runs))
        return [run for band in best for run in _cut(band, depth - 1)]
    # They lie on each other: the order in which they were put there stands, as far as tops agree.
    return sorted(runs, key=lambda run: _box(run)[1])


def _bands(runs: list[list[_Placed]], axis: int) -> list[list[list[_Placed]]]:
    """Return runs apart where a straight line parts them, across (axis 1) or along (axis 0)."""
    bands: list[list[list[_Placed]]] = []
    end = float("-inf")
    for run in sorted(runs, key=lambda run: _box(run)[axis]):
        start, stop = _box(run)[axis], _box(run)[axis + 2]
        slack = (stop - start) * _OVERLAP
        if bands and start + slack < end:
            bands[-1].append(run)
            end = max(end, stop)
        else:
            bands.append([run])
            end = stop
    # Inside a band the order of the file stands until it is cut further.
    places = {id(run): at for at, run in enumerate(runs)}
    return [sorted(band, key=lambda run: places[id(run)]) for band in bands]


def _turns(bands: list[list[list[_Placed]]], runs: list[list[_Placed]]) -> int:
    """Return how often an order goes back in that of the file."""
    places = {id(run): at for at, run in enumerate(runs)}
    order = [places[id(run)] for band in bands for run in band]
    return sum(later < earlier for earlier, later in pairwise(order))


def _box(run: Sequence[SlideFrame]) -> Box:
    return run[0].box or (0.0, 0.0, 0.0, 0.0)
