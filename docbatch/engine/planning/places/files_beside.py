"""What lies beside recorded outputs, such as pictures: it is looked at with the outputs that refer to it."""

from collections.abc import Sequence

from docbatch.state.companions import CompanionRow
from docbatch.state.deliveries import OutputRow
from docbatch.state.store import Store


class FilesBeside:
    """The files beside one sink's outputs. `sink` is its row, None where it is not recorded."""

    def __init__(self, sink: int | None = None, store: Store | None = None) -> None:
        self._sink = sink
        self._store = store
        self._are_any: bool | None = None

    @property
    def are_any(self) -> bool:
        """Whether there ever was one: then outputs have to be named by their documents' paths."""
        if self._are_any is None:
            self._are_any = (
                self._sink is not None
                and self._store is not None
                and self._store.companions.are_any(self._sink)
            )
        return self._are_any

    def of(self, written: Sequence[OutputRow]) -> Sequence[CompanionRow]:
        """Return those beside some outputs, which are in the order of their documents' paths."""
        if self._sink is None or self._store is None or not written or not self.are_any:
            return ()
        paths = {row[0] for row in written}
        found = self._store.companions.between(self._sink, written[0][0], written[-1][0])
        return [each for each in found if each.path in paths]
