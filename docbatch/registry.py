"""Kinds of things by name: declared once each, loaded when they are first needed, and more of them for a while."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from docbatch.core.errors import UsageError

if TYPE_CHECKING:
    from docbatch.plugins import Plugin


class Named(Protocol):
    @property
    def name(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)


class Registry(Generic[Kind]):
    """The kinds of one sort of thing, such as a provider, which is what errors call it.

    `modules` says where each of docbatch's own is declared: `package.module:NAME`, and without a name as `KIND`. Other
    packages declare theirs as entry points of the group `docbatch.providers`, or what else the sort is. They are looked
    for only when a name is asked for that docbatch lacks, and `judge` names the function that is given a plug-in and what
    it declares, and returns the kind as it can be used or raises PluginError.
    """

    def __init__(self, sort: str, modules: Mapping[str, str], *, judge: str) -> None:
        self._sort = sort
        self._modules = dict(modules)
        self._judge = judge
        self._added: dict[str, Kind] = {}
        self._plugged: dict[str, Kind] = {}
        self._faults: dict[str, UsageError] = {}
        self._watchers: list[Callable[[], object]] = []

    def __contains__(self, name: object) -> bool:
        """Say whether there is a kind that can be used. A plug-in of this name is loaded."""
        return name in self.names() or (isinstance(name, str) and self._plug_in(name) is not None)

    def names(self) -> tuple[str, ...]:
        """Return the names of docbatch's own, and of those added, without loading any kind."""
        return tuple(dict.fromkeys((*self._modules, *self._added)))

    def at_hand(self) -> tuple[str, ...]:
        """Return the names of docbatch's own and of all that was asked for so far."""
        return tuple(dict.fromkeys((*self.names(), *self._plugged)))

    def installed(self) -> tuple[str, ...]:
        """Return all names, those of plug-ins as well, without loading any kind."""
        return tuple(dict.fromkeys((*self.names(), *self._claims())))

    def knows(self, name: object) -> bool:
        """Say whether something declares this name, be it a plug-in that cannot be used. Nothing is loaded."""
        return name in self.names() or name in self.installed()

    def kind(self, name: str) -> Kind:
        """Return a kind, loaded now if it was not.

        Raises UsageError for a name that nothing declares, and for a plug-in that cannot be used.
        """
        if name in self._added:
            return self._added[name]
        if name in self._modules:
            module, _, attribute = self._modules[name].partition(":")
            kind: Kind = getattr(import_module(module), attribute or "KIND")
            return kind
        found = self._plug_in(name)
        if found is None:
            raise self.fault(name) or UsageError(
                f"there is no {self._sort} '{name}' in this installation",
                hint=f"there are {', '.join(self.installed())}",
            )
        return found

    def kinds(self) -> Iterator[Kind]:
        """Yield every kind that is at hand, loading them all."""
        yield from map(self.kind, self.at_hand())

    def load_plugins(self) -> tuple[UsageError, ...]:
        """Have every plug-in at hand that can be used, and return what is wrong with the others."""
        for name in self._claims():
            self._plug_in(name)
        return tuple(self._faults.values())

    def fault(self, name: str) -> UsageError | None:
        """Return what keeps a plug-in of this name from being used."""
        return None if name in self else self._faults.get(name)

    def plugin(self, name: str) -> "Plugin | None":
        """Return the plug-in that a kind at hand is of, None for docbatch's own."""
        return self._claims()[name][0] if name in self._plugged and name not in self._added else None

    def is_everywhere(self, name: str) -> bool:
        """Say whether other processes of docbatch have the same kind under this name."""
        plugin = self.plugin(name)
        return plugin.is_everywhere if plugin else name in self._modules and name not in self._added

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
        self._tell()

    def _tell(self) -> None:
        for changed in self._watchers:
            changed()

    def _claims(self) -> "Mapping[str, tuple[Plugin, ...]]":
        from docbatch.plugins import installed  # noqa: PLC0415 - most commands name what is docbatch's own

        return installed(self._sort)

    def _plug_in(self, name: str) -> Kind | None:
        """Load the plug-in of a name, once; what is wrong with it is kept."""
        if name not in self._plugged and name not in self._faults:
            try:
                self._load(name, self._claims().get(name, ()))
            except UsageError as error:
                self._faults[name] = error
        return self._plugged.get(name)

    def _load(self, name: str, claims: "tuple[Plugin, ...]") -> None:
        from docbatch.plugins import PluginError, told  # noqa: PLC0415 - the same

        if not claims:
            return
        if name in self._modules:
            raise claims[0].error("has a name that is docbatch's own, which stays as it is")
        if len(claims) > 1:
            others = " and ".join(sorted({each.label for each in claims}))
            raise claims[0].error(f"is declared more than once, by {others}; none of them is used")
        try:
            self._plugged[name] = resolve_name(self._judge)(claims[0], claims[0].load())
            self._tell()
        except PluginError:
            raise
        except Exception as error:
            if self._plugged.pop(name, None):
                self._tell()
            raise claims[0].error(f"cannot be used: {told(error)}") from error
