"""The document services docbatch can drive. Each is declared in a folder of its own, and imported when it is used."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from docbatch.core.errors import UsageError

if TYPE_CHECKING:
    # Most commands ask for names alone.
    from docbatch.providers.kind import ProviderKind


class ProviderRegistry:
    """The kinds of providers by name. `modules` says which module declares one, as its `KIND`."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = dict(modules)
        self._added: dict[str, ProviderKind] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._added

    def names(self) -> tuple[str, ...]:
        """Return all names, without loading any kind."""
        return tuple(dict.fromkeys((*self._modules, *self._added)))

    def kind(self, name: str) -> "ProviderKind":
        """Return a kind, loaded now if it was not. Raises UsageError for a name that nothing declares."""
        if name in self._added:
            return self._added[name]
        if name not in self._modules:
            raise UsageError(
                f"there is no provider '{name}' in this installation",
                hint=f"there are {', '.join(self.names())}",
            )
        kind: ProviderKind = import_module(self._modules[name]).KIND
        return kind

    def kinds(self) -> "Iterator[ProviderKind]":
        """Yield every kind, loading them all."""
        yield from map(self.kind, self.names())

    def is_everywhere(self, name: str) -> bool:
        """Say whether other processes of docbatch have the same kind under this name."""
        return name in self._modules and name not in self._added

    @contextmanager
    def added(self, kind: "ProviderKind", *, replacing: bool = False) -> "Iterator[None]":
        """Have one kind more for a while. Raises ValueError for a name that is taken, unless it is to be replaced."""
        if kind.name in self and not replacing:
            raise ValueError(f"there is a provider '{kind.name}' already")
        before = dict(self._added)
        self._added[kind.name] = kind
        try:
            yield
        finally:
            self._added = before


DEFAULT_PROVIDER = "local"
"""What jobs use that name no provider, and what all that needs no account belongs to."""

REGISTRY = ProviderRegistry(
    {
        "local": "docbatch.providers.local",
        "extend": "docbatch.providers.extend",
        "llamacloud": "docbatch.providers.llamacloud",
        "extractpage": "docbatch.providers.extractpage",
    }
)
