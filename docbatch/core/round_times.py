"""When somebody who watches looks at everything again. Pure: moments in, a moment out, in monotonic seconds."""

from dataclasses import dataclass

MOST_QUIETS = 6
"""So many times as long as it is waited for quiet, a look is put off by what goes on and on."""


@dataclass(frozen=True, slots=True)
class Stir:
    """Something else than a document changed, such as a spec or a folder: `first` and `last` heard of since the last look."""

    first: float
    last: float


def stirred(before: Stir | None, now: float) -> Stir:
    """Return what is known once something is heard of now."""
    return Stir(now if before is None else before.first, now)


def next_look(looked_at: float, longest: float, stir: Stir | None, quiet: float) -> float:
    """Return when to look again that looked last at `looked_at`: once it was quiet, and after the `longest` time in any case.

    What never ends puts it off for a while only.
    """
    latest = looked_at + longest
    if stir is None:
        return latest
    return min(latest, stir.last + quiet, stir.first + MOST_QUIETS * quiet)
