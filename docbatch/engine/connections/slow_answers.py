"""Answers that take long: each hinders its connection, where nothing else is asked meanwhile, until it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docbatch.core.errors import Unavailable
from docbatch.engine.clock import Clock
from docbatch.engine.connections.conversations import SLOW, Conversations
from docbatch.engine.connections.hindrances import Moment
from docbatch.engine.connections.provider_connections import ProviderConnection

ABOUT = "an answer that takes long"


@dataclass(slots=True)
class SlowAnswers:
    """Those of one run. `noted` has, by connection, what is waited for and since when (monotonic)."""

    connections: Mapping[str, ProviderConnection]
    talks: Conversations
    clock: Clock
    noted: dict[str, tuple[str, float]] = field(default_factory=dict)

    def note(self) -> None:
        """Note who takes long by now, and who has answered since."""
        slow = {name: (wait.call, since) for name, (wait, since) in self.talks.unanswered(SLOW).items()}
        for name, waited in list(self.noted.items()):
            if slow.get(name) != waited:
                self._came(name, waited[0])
        for name, (call, since) in slow.items():
            if name not in self.noted:
                self.noted[name] = call, since
                self._takes_long(name, call, since)

    def _takes_long(self, name: str, call: str, since: float) -> None:
        asked = Moment(since, self.clock.wall() - (self.clock.monotonic() - since))
        error = Unavailable(self._why(name, call))
        self.connections[name].hindrances.meet(call, error, asked, about=ABOUT)

    def _why(self, name: str, call: str) -> str:
        """What is asked may wait for its turn where others take from the same pace."""
        users = self.connections[name].users
        return f"no answer to '{call}'" + (f"; {users}" if users else "")

    def _came(self, name: str, call: str) -> None:
        del self.noted[name]
        connection, now = self.connections[name], self.clock.monotonic()
        if connection.failing_since is None and connection.trouble is None:
            connection.hindrances.answered(call, ABOUT, now)
        else:
            connection.hindrances.drop(call, ABOUT, now)
