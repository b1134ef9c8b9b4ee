"""Refusing to remove much of a job's outputs at once, which a wrong folder or a mistyped pattern would bring about. Pure."""

from collections.abc import Mapping

from docbatch.core.errors import GuardRefused
from docbatch.core.guard import listed_names
from docbatch.core.report import plural

PART = 20
"""Percent of a job's outputs that go without being asked for."""
FEW = 10
"""So many outputs of a job, or fewer, are no reason to stop."""


def much_refused(counts: Mapping[str, tuple[int, int]]) -> GuardRefused | None:
    """Return what to say where more than a part of some job's outputs would go: (going, all) of each job."""
    much = [
        f"job '{job}': {going:,} of {plural(every, 'output')}"
        for job, (going, every) in sorted(counts.items())
        if going > FEW and going * 100 > every * PART
    ]
    if not much:
        return None
    return GuardRefused(
        f"more than {PART} % of the outputs of a job would be removed:\n  {listed_names(much)}",
        hint="nothing was removed; look at them with 'docbatch prune --dry-run', and say '--allow pruned' where that is meant",
    )
