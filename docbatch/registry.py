"""Kinds of things by name: declared once each, loaded when they are first needed, and more of them for a while."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Generic, Protocol, TypeVar

from docbatch.core.errors import UsageError


class Named(Protocol):
    @property
    def name(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)


class Registry(Generic[Kind]):
    """The kinds of one sort of thing, such as a provider, which is what errors call it.

    `modules` says where each is declared: `package.module:NAME`, and without a name as `KIND`.
    """

    def __init__(self, sort: str, modules: Mapping[str, str]) -> None:
        self._sort = sort
        self._modules = dict(modules)
        self._added: dict[str, Kind] = {}
        self._watchers: list[Callable[[], object]] = []

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._added

    def names(self) -> tuple[str, ...]:
        """Return all names, without loading any kind."""
        return tuple(dict.fromkeys((*self._modules, *self._added)))

    def kind(self, name: str) -> Kind:
        """Return a kind, loaded now if it was not. Raises UsageError for a name that nothing declares."""
        if name in self._added:
            return self._added[name]
        if name not in self._modules:
            raise UsageError(
                f"there is no {self._sort} '{name}' in this installation",
                hint=f"there are {', '.join(self.names())}",
            )
        module, _, attribute = self._modules[name].partition(":")
        kind: Kind = getattr(import_module(module), attribute or "KIND")
        return kind

    def kinds(self) -> Iterator[Kind]:
        """Yield every kind, loading them all."""
        yield from map(self.kind, self.names())

    def is_everywhere(self, name: str) -> bool:
        """Say whether other processes of docbatch have the same kind under this name."""
        return name in self._modules and name not in self._added

    def watch(self, changed: Callable[[], object]) -> None:
        """Have a function called whenever there are other kinds than before."""
        self._watchers.append(changed)

    @contextmanager
    def added(self, *kinds: Kind, replacing: bool = False) -> Iterator[None]:
        """Have more kinds while the block runs. Raises ValueError for a name that is taken, unless it is to be replaced."""
        for kind in kinds:
            if kind.name in self and not replacing:
                raise ValueError(f"there is a {self._sort} '{kind.name}' already")
        before = self._added
        self._change({**before, **{kind.name: kind for kind in kinds}})
        try:
            yield
        finally:
            self._change(before)

    def _change(self, added: dict[str, Kind]) -> None:
        self._added = added
        for changed in self._watchers:
            changed()
