"""Results that are being fetched ahead of the thread that records them."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from docbatch.core.errors import CredentialsError, ProviderError

if TYPE_CHECKING:
    from docbatch.engine.connections.provider_connections import ProviderConnection
    from docbatch.engine.running.fetch_results import Fetcher, Outcome
    from docbatch.state.records import ReadyItem


@dataclass(frozen=True, slots=True)
class _Fetch:
    """A fetch that was begun, and when (monotonic seconds)."""

    call: "Future[Outcome]"
    since: float


class Ahead:
    """The results of one submission that are on their way, by item."""

    def __init__(self) -> None:
        self._begun: dict[str, _Fetch] = {}

    def begin(
        self, connection: "ProviderConnection", fetcher: "Fetcher", waiting: "Sequence[ReadyItem]", now: float
    ) -> None:
        """Begin to fetch what is not on its way. What is in the spool before a kill and not recorded is fetched again."""
        for each in waiting:
            if each.key not in self._begun:
                call = connection.submit(partial(fetcher.fetch, each=each))
                self._begun[each.key] = _Fetch(call, now)

    def under_way(self, wanted: "Sequence[ReadyItem]") -> "list[Future[Outcome]]":
        return [call for each in wanted if not (call := self._begun[each.key].call).done()]

    def since(self, wanted: "Sequence[ReadyItem]") -> float:
        """Return when the first of them was begun."""
        return min(self._begun[each.key].since for each in wanted)

    def take(self, wanted: "Sequence[ReadyItem]") -> "list[tuple[ReadyItem, Outcome]]":
        """Return what became of those that are through, in their order. Raises StateError where one could not be kept."""
        through = [each for each in wanted if self._begun[each.key].call.done()]
        return [(each, _outcome(self._begun.pop(each.key).call)) for each in through]


def _outcome(call: "Future[Outcome]") -> "Outcome":
    """Return what became of a call, which at the end of a run may not have been begun."""
    try:
        return call.result()
    except (ProviderError, CredentialsError) as error:
        return error
