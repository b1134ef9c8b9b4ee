"""A provider that does not come back from one of its methods until it is let go."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from docbatch.core.models import Operation, RemoteObject
from docbatch.providers import base
from docbatch.providers.kind import ProviderKind
from docbatch.testing.patience import LONG
from tests.fake import outside

PATIENCE = 1800.0
"""Seconds until its connection counts as not answering."""
METHODS = (
    "connect",
    "pins",
    "survey",
    "steps",
    "perform",
    "render",
    "create",
    "poll",
    "fetch",
    "discard",
    "close",
)

T = TypeVar("T")


@dataclass
class Hold:
    """Holds calls of one method, or does something `instead` of them. `asked` are the methods that were called, `left` those that were held and came back.

    `beside` is how many documents of the same connection have their outputs before whoever is held counts as stuck.
    """

    method: str = ""
    instead: Callable[[], Any] | None = None
    is_held: bool = False
    beside: int = 0
    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def on(self, method: str, act: Callable[[], T]) -> T:
        self.asked.append(method)
        if method == self.method and self.instead is not None:
            answer: T = self.instead()
            return answer
        if method == self.method:
            self.is_held = True
            self.go.wait(LONG)
            self.left.append(method)
        return act()


class Held(outside.Shout):
    type = "held"

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._shout = outside.Shout()

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        return self._hold.on("pins", lambda: {"version": "1"})

    def survey(self, prefix: str) -> base.Survey:
        return self._hold.on("survey", lambda: self._shout.survey(prefix))

    def steps(self, batch: base.Batch) -> Sequence[base.Step]:
        return self._hold.on("steps", lambda: self._shout.steps(batch))

    def perform(
        self, step: base.Step, batch: base.Batch, prepared: base.Prepared, content: base.Content
    ) -> RemoteObject:
        return self._hold.on("perform", lambda: self._shout.perform(step, batch, prepared, content))

    def render(self, batch: base.Batch, prepared: base.Prepared) -> bytes:
        return self._hold.on("render", lambda: self._shout.render(batch, prepared))

    def create(self, intent: base.Intent) -> base.Accepted:
        return self._hold.on("create", lambda: self._shout.create(intent))

    def poll(self, intent: base.Intent, remote_id: str | None) -> base.Progress:
        return self._hold.on("poll", lambda: self._shout.poll(intent, remote_id))

    def fetch(self, intent: base.Intent, ready: base.Ready) -> bytes:
        return self._hold.on("fetch", lambda: self._shout.fetch(intent, ready))

    def discard(self, intent: base.Intent) -> None:
        self._hold.on("discard", lambda: self._shout.discard(intent))

    def read(self, payload: bytes) -> outside.Shouted:
        return self._hold.on("read", lambda: self._shout.read(payload))

    def close(self) -> None:
        self._hold.on("close", self._shout.close)


def held(hold: Hold, **traits: Any) -> ProviderKind:
    """Return a kind of provider whose calls of a method are held."""
    own = replace(outside.Shout.traits, **{"patience": PATIENCE, **traits})
    return replace(
        outside.KIND,
        name="held",
        title="Held",
        traits=lambda _settings: own,
        pins=lambda _operation, _config: None,
        connect=lambda _settings, _surroundings: hold.on("connect", lambda: Held(hold)),
    )
