"""In which hours documents of a job are sent, what they wait for until then, and what that does to their price."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docbatch.core.models import Recovery
from docbatch.core.report import by_deadline, clock_time, span
from docbatch.core.windows import Overlap, SendingHours
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.core.prices import Prices
    from docbatch.core.tariffs import Tariff


def waits_for(target: ResolvedJob, store: Store | None, now: float, key: str | None = None) -> Iterator[str]:
    """Say when a job sends again whose window is closed, and what its deadline does: of all its documents, or of one item.

    `now` is wall time. Nothing was recorded yet of what is new: a plan is not what the deadline counts from.
    """
    opens = None if target.window is None else target.window.opens_at(now)
    if opens is None or target.window is None:
        return
    hours = f"job '{target.name}' sends between {target.window.shown}, in {span(opens - now)} again"
    yield hours + _latest(target, store, now, key)


def _latest(target: ResolvedJob, store: Store | None, now: float, key: str | None) -> str:
    if target.deadline is None:
        return ""
    since = None
    if store is not None:
        since = store.waiting.first(target.name) if key is None else store.waiting.since(key, target.name)
    if since is None:
        told = f"{span(target.deadline)} after the first apply that has "
        return f"; outside the window {told}{'them' if key is None else 'it'}, at the latest"
    until = min(since, now) + target.deadline
    if until <= now:
        return f"; outside the window now: the deadline passed at {clock_time(until)}"
    return f"; sent {by_deadline(until)}"


def hours_of(target: ResolvedJob, day: int, *, reserved: bool = False) -> SendingHours:
    """Return when a job sends, from a day on; a deadline may push documents out of the window.

    What is `reserved` holds also where an answer was lost, and what is sent under a key is sent once more at any hour.
    """
    again = reserved and target.traits.recovery is Recovery.KEYED
    return SendingHours(target.window, target.deadline is not None or again, day)


def hour_notes(target: ResolvedJob, tariff: "Tariff", prices: "Prices", day: int) -> Iterator[str]:
    """Say what quiet hours do to what a job's documents come to."""
    from docbatch.core.prices import CREDIT  # noqa: PLC0415 - few plans spend

    names = (name for charge in tariff.charges for name in (*charge.items, charge.whole))
    charged = [prices[name] for name in dict.fromkeys((*names, CREDIT)) if name in prices]
    quiet = {each.quiet for each in charged if each.off_peak is not None and each.quiet is not None}
    hours = hours_of(target, day)
    for window in sorted(quiet, key=lambda each: each.shown):
        match hours.within(window):
            case Overlap.WHOLE:
                yield f"sent in quiet hours ({window.shown}) alone, at their price"
            case Overlap.PART if target.window is not None and target.deadline is not None:
                yield f"less in quiet hours ({window.shown}); after its deadline a document is sent at any hour"
            case Overlap.PART:
                yield f"less in quiet hours ({window.shown}), and not all of it need be sent in them"
            case Overlap.NONE:
                pass
