"""The vendor in a file as an installed plug-in, for `scale.py`: it answers at once, and its own processor time is told apart.

What it takes at once is what Extend takes: the traits are that connection's, but for the waits, which are shortened.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from docbatch.core.models import Operation, Traits, WorkItem
from docbatch.fields import SpecModel
from docbatch.providers.extend import KIND as LIKE
from docbatch.providers.kind import CONTRACT, ConfigContract, ProviderKind, Settings, Surroundings

if TYPE_CHECKING:
    # A run that finds nothing to do opens no provider, and should not pay for the kit.
    from docbatch.core.results import Answer
    from docbatch.providers.base import Content, Provider

NAME = "scale"
CLOUD_VARIABLE = "DOCBATCH_SCALE_CLOUD"
"""Names the file that is the vendor; beside it lies, as JSON, what the vendor took of the processor."""
TAKEN = ".seconds"
SOON = 0.05

T = TypeVar("T")


class NoConfig(SpecModel):
    """A job sets nothing."""


class Meter:
    """Adds up the processor time of threads in which the vendor works, without what it is handed by the engine meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def called(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        began = time.thread_time()
        try:
            return call(*args, **options)
        finally:
            self.add(time.thread_time() - began)

    @contextmanager
    def left_out(self, content: "Content", item: WorkItem) -> Iterator[BinaryIO]:
        """Open an item's bytes, which is the engine's work and not the vendor's."""
        began = time.thread_time()
        with content(item) as stream:
            self.add(began - time.thread_time())
            yield stream


def _traits(_settings: Settings) -> Traits:
    like = LIKE.traits(Settings("extend", "extend", variables={}))
    return replace(like, poll_initial=SOON, poll_max=SOON)


def _connect(settings: Settings, _surroundings: Surroundings) -> "Provider":
    from docbatch.testing.fake.cloud import Cloud  # noqa: PLC0415 - only what sends needs the kit
    from docbatch.testing.fake.provider import FakeProvider  # noqa: PLC0415 - the same
    from docbatch.testing.tripwire import Tripwire  # noqa: PLC0415 - the same

    class Calm(Tripwire):
        """Counts nothing: a million effects are no accident here."""

        def __call__(self, name: str) -> None:
            pass

    class Metered(FakeProvider):
        type = NAME

        def close(self) -> None:
            path.with_name(path.name + TAKEN).write_text(json.dumps(meter.seconds))
            self.cloud.close()

        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name == "perform":
                return lambda step, batch, prepared, content: meter.called(
                    found, step, batch, prepared, lambda item: meter.left_out(content, item)
                )
            if name in {"steps", "render", "create", "look", "survey", "poll", "fetch", "discard"}:
                return lambda *args: meter.called(found, *args)
            return found

    path = Path(settings.variables[CLOUD_VARIABLE])
    meter = Meter()
    return Metered(Cloud(path, latency=0.0), _traits(settings), Calm())


def _read(payload: bytes) -> "Answer":
    from docbatch.testing.fake.provider import FakeAnswer  # noqa: PLC0415 - where nothing is read it is not needed

    return FakeAnswer(payload)


def _pins(_operation: Operation, _config: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


KIND = ProviderKind(
    name=NAME,
    title="a vendor in a file",
    operations=(Operation.PARSE,),
    config=lambda _operation: ConfigContract(NoConfig),
    traits=_traits,
    account=lambda _settings: "acme",
    connect=_connect,
    read=_read,
    pins=_pins,
    contract=CONTRACT,
)
