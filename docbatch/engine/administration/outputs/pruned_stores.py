"""The stores that outputs to be pruned lie in, and why one of them could not be used."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from docbatch.core.errors import CredentialsError, DocbatchError, SinkError, SinkRefused
from docbatch.engine.administration.held_rows.held_places import DeclaredSinks, RowPlaces
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.naming.pathtext import escape
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.specs.values import StoreConnection
from docbatch.state.store import Store
from docbatch.stores.faults import BucketMissing, StoreFault, StoreRefused
from docbatch.stores.listable_objects import UnlistedFolder

Answer = TypeVar("Answer")
UNUSABLE = "its store cannot be used"


class PrunedStores:
    """Opens each folder of keys when something lies there, and the places of rows. A store that could not be used is not asked again.

    `troubles` says why, by the name of the store, or by the folder where none is declared. Safe for several threads.
    """

    def __init__(
        self,
        declared: Mapping[str, StoreConnection],
        root: Path,
        allowed_hosts: Collection[str] = (),
        sinks: DeclaredSinks | None = None,
    ) -> None:
        self._sinks = sinks or DeclaredSinks()
        self._places: RowPlaces | None = None
        self._stores = ObjectStores(declared, root, allowed_hosts)
        self._opened: dict[bytes, ObjectOutputs] = {}
        self.troubles: dict[str, DocbatchError] = {}
        self._unlisted: dict[str, DocbatchError] = {}

    def row_places(self, store: Store) -> RowPlaces:
        """Return the places that rows lie in, those in these stores among them."""
        self._places = self._places or RowPlaces(store, self._sinks, self._stores)
        return self._places

    @property
    def trouble(self) -> DocbatchError | None:
        """The first of the troubles, or else a folder that could not be listed, or rows that could not be asked for."""
        of_rows = {} if self._places is None else self._places.troubles
        return next(iter((*self.troubles.values(), *self._unlisted.values(), *of_rows.values())), None)

    def pass_over(self, root: bytes, folder: UnlistedFolder) -> None:
        """Note that a folder of keys in the store of a place could not be listed; the store is used all the same."""
        bucket = self._folder(root).store.settings.identity
        place = f"{bucket}/{folder.folder}"
        told = f"{place} was passed over: {folder.why}"
        self._unlisted[place] = SinkError(
            told, hint=f"{folder.remedy}, then run the same command again; nothing is lost"
        )

    def outputs(self, root: bytes) -> ObjectOutputs | None:
        """Return the outputs below a place in a store, None where that cannot be used."""
        return self.ask(root, lambda outputs: outputs)

    def ask(self, root: bytes, question: Callable[[ObjectOutputs], Answer]) -> Answer | None:
        """Ask or do something in the store of a place; None where that cannot be used, which is noted."""
        name = self._name(root)
        if name in self.troubles:
            return None
        try:
            return question(self._folder(root))
        except (StoreFault, DocbatchError) as error:
            self.troubles.setdefault(name, _told(escape(root), error))
            return None

    def _folder(self, root: bytes) -> ObjectOutputs:
        if root not in self._opened:
            name, folder = self._stores.named(root)
            store = self._stores.open(name)
            store.connect()
            self._opened[root] = ObjectOutputs(Bucket(lambda: store, folder))
        return self._opened[root]

    def _name(self, root: bytes) -> str:
        try:
            return self._stores.named(root)[0]
        except DocbatchError:
            return escape(root)


def _told(place: str, error: StoreFault | DocbatchError) -> DocbatchError:
    if isinstance(error, CredentialsError):
        return CredentialsError(f"{place} cannot be used: {error.message}", hint=error.hint)
    if isinstance(error, DocbatchError):
        return type(error)(f"{place} cannot be used: {error.message}", hint=error.hint)
    told = f"{place} cannot be used: {error}"
    again = "then run the same command again; nothing is lost"
    if isinstance(error, StoreRefused):
        return SinkRefused(told, hint=f"let its credentials list, read, write and delete there, {again}")
    if isinstance(error, BucketMissing):
        return SinkError(told, hint=f"correct bucket, endpoint or region in docbatch.yaml, {again}")
    return SinkError(told, hint=f"wait until the store answers, {again}")
