"""Where results are delivered to. The registry is a literal; a kind of sink is loaded when it is first needed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

from docbatch.sinks.kind import SinkKind


class SinkKinds:
    """The kinds of sinks there are: names, each with the module whose KIND declares it."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._added: dict[str, SinkKind] = {}
        self._watchers: list[Callable[[], object]] = []

    @property
    def names(self) -> tuple[str, ...]:
        return (*self._modules, *self._added)

    def kind(self, name: str) -> SinkKind:
        """Return a kind by its name. Raises KeyError."""
        if name in self._added:
            return self._added[name]
        declared: SinkKind = import_module(self._modules[name]).KIND
        return declared

    def all(self) -> tuple[SinkKind, ...]:
        return tuple(map(self.kind, self.names))

    def watch(self, changed: Callable[[], object]) -> None:
        """Have a function called whenever kinds were added or taken away."""
        self._watchers.append(changed)

    @contextmanager
    def added(self, *kinds: SinkKind) -> Iterator[None]:
        """Have more kinds while the block runs. Raises ValueError for a name that is taken."""
        for kind in kinds:
            if kind.name in self.names:
                raise ValueError(f"there is a sink kind {kind.name} already")
        before = self._added
        self._change({**before, **{kind.name: kind for kind in kinds}})
        try:
            yield
        finally:
            self._change(before)

    def _change(self, added: dict[str, SinkKind]) -> None:
        self._added = added
        for changed in self._watchers:
            changed()


KINDS = SinkKinds(
    {
        "files": "docbatch.sinks.files",
        "jsonl": "docbatch.sinks.jsonl",
        "sqlite": "docbatch.sinks.sqlite",
    }
)
