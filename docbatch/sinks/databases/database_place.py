"""Where the file of a database lies: what is on the way there, and what goes to the trash."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from docbatch.core.errors import SinkError
from docbatch.durability import Flusher, Place
from docbatch.sinks import outputs
from docbatch.sinks.databases.row_database import DatabaseFile
from docbatch.sinks.faults import SAFE, sink_error
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.table import foreign
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name


class PlacedDatabase(DatabaseFile):
    """A database by its place; `program` is what its users run statements with."""

    def __init__(self, place: "DatabasePlace", program: str) -> None:
        self._place = place
        self._path = place.path
        self.shown = str(place.path)
        self.drop_command = f"{program} {place.path} '{{}}'"

    def remove(self) -> None:
        self._place.remove()


class DatabasePlace:
    def __init__(self, root: Path, output: bytes, trash: Trash) -> None:
        self.root = root
        self.path = root / os.fsdecode(output)
        self._output = output
        self._trash = trash

    def prepare(self, beside: Sequence[bytes]) -> None:
        """Make the folders on the way, and let nothing lie beside a database that is not there. Raises as `guarded` says."""
        with Tree(self.root) as tree:
            tree.locate(self._output)
            if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
                raise foreign(self.path, "is not a plain file")
            if not self.path.exists():
                # The database would take them for its own, and delete them.
                for ending in beside:
                    outputs.remove(self._output + ending, tree=tree, trash=self._trash)

    def put(self, content: bytes) -> None:
        """Let a file with this content, which is there whole or not at all, be the database."""
        with Tree(self.root) as tree:
            folder, name = tree.locate(self._output)
            unfinished = Unfinished(self._output, folder, name, temporary_name())
            outputs.write(unfinished, content)
            flusher = Flusher()
            flusher.flush([Place(unfinished.temporary, folder)])
            outputs.publish(unfinished, None, None, tree=tree, trash=self._trash)
            flusher.flush(tree.touched())

    def remove(self) -> None:
        with Tree(self.root) as tree:
            outputs.remove(self._output, tree=tree, trash=self._trash)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let what hinders be a SinkError that says what is safe to do next."""
        try:
            yield
        except UnsafeOutput as error:
            raise SinkError(str(error), hint=f"{SAFE}; then run `docbatch apply` again") from error
        except OSError as error:
            raise sink_error(str(self.path), error) from error
