"""The kind of provider that is judged, in the place of what the installation has under its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points

from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind

GROUP = "docbatch.providers"
"""The entry points by which plug-ins are found."""


def load(where: str) -> ProviderKind:
    """Return the kind that `package.module:NAME` names, and without a name `KIND`."""
    module, _, attribute = where.partition(":")
    kind: ProviderKind = getattr(import_module(module), attribute or "KIND")
    return kind


@contextmanager
def in_place(where: str) -> Iterator[None]:
    """Have docbatch use this kind; an empty text means that it is installed."""
    kind = load(where) if where else None
    if kind is None or _is_installed(kind):
        yield
        return
    with REGISTRY.added(kind, replacing=True):
        yield


def _is_installed(kind: ProviderKind) -> bool:
    """Say whether docbatch has this very kind already, by itself or from a plug-in."""
    if kind.name not in REGISTRY:
        return False
    plugged = entry_points(group=GROUP, name=kind.name)
    return REGISTRY.kind(kind.name) is kind or any(each.load() is kind for each in plugged)
