"""How long documents took that have just ended, in all and by job."""

from collections.abc import Mapping
from dataclasses import replace

from docbatch.engine.progress_notices import Ended
from docbatch.state.store import Store


def with_times(notice: Ended, store: Store, taken: Mapping[int, tuple[str, float]]) -> Ended:
    """Add how long items took, given by their rows with a name and seconds."""
    if not taken:
        return notice
    return replace(
        notice,
        seconds=sum(seconds for _, seconds in taken.values()),
        timed=len(taken),
        slowest=max(taken.values(), key=lambda each: each[1]),
        pace_by_job=store.paces.by_job(taken),
    )
