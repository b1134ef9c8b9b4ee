"""Where the files of a data set lie: a folder of this disk, or of a store."""

import contextlib
import mmap
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO, Protocol, Self, cast

from docbatch.durability import Flusher, Place
from docbatch.naming.pathtext import escape
from docbatch.sinks import outputs
from docbatch.sinks.faults import sink_error
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.parquet.manifest import LARGEST, read_manifest
from docbatch.sinks.parquet.part_names import MANIFEST, part_name
from docbatch.sinks.paths import TEMPORARY, UnsafeOutput
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name
from docbatch.stores.faults import BadKey, ObjectChanged, ObjectMissing, StoreFault
from docbatch.stores.object_reader import open_object
from docbatch.stores.object_store import ObjectFacts

_PIECE = 1 << 20
_THREADS = 16


class Writable(Protocol):
    """A file that is written from its beginning to its end. Raises OSError."""

    def write(self, content: memoryview, /) -> int: ...

    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file that is being written, until `publish` puts it in its place and returns its stamp."""

    file: Writable
    publish: Callable[[str | None], str]


class PartsFolder(Protocol):
    """Files of one folder, known by their names. Methods raise OSError or StoreFault, and UnsafeOutput where it leads elsewhere."""

    @property
    def place(self) -> str:
        """The folder as messages name it."""

    def stamps(self) -> Mapping[str, str] | None:
        """Return the stamp of each file, None where there is no folder."""

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file to be read, anywhere in it."""

    def draft(self, name: str) -> AbstractContextManager[DraftFile]:
        """Begin a file that is to have this name. Where it is not published nothing is left of it."""

    def keep(self, name: str, why: str) -> None:
        """Move a file to the trash."""

    def leave(self) -> None:
        """Remove the folder if nothing is in it."""


class LocalFolder(PartsFolder):
    """A folder below a root, reached through no link."""

    def __init__(self, root: Path, folder: bytes, trash: Trash) -> None:
        self._root = root
        self._folder = folder
        self._trash = trash
        self._flusher = Flusher()

    @property
    def place(self) -> str:
        return f"{self._root}/{escape(self._folder)}"

    def stamps(self) -> Mapping[str, str] | None:
        with Tree(self._root) as tree:
            try:
                folder, _ = tree.locate(self._output("x"), create=False)
            except FileNotFoundError:
                return None
            found = {}
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(TEMPORARY) or entry.is_dir(follow_symlinks=False):
                        continue
                    found[entry.name] = outputs.stamp_of(entry.stat(follow_symlinks=False))
            return found

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        with Tree(self._root) as tree:
            folder, own = tree.locate(self._output(name), create=False)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with open(os.open(own, flags, dir_fd=folder), "rb") as file:  # noqa: PTH123 - it is open already
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise UnsafeOutput(f"{self.place}/{name} is not a plain file")
                yield file

    @contextmanager
    def draft(self, name: str) -> Iterator[DraftFile]:
        with Tree(self._root) as tree:
            folder, own = tree.locate(self._output(name))
            unfinished = Unfinished(self._output(name), folder, own, temporary_name())
            descriptor = outputs.create(unfinished)

            def publish(expected: str | None) -> str:
                file.flush()
                self._flusher.flush([Place(unfinished.temporary, folder)])
                stamp = outputs.publish(unfinished, expected, None, tree=tree, trash=self._trash)
                self._flusher.flush(tree.touched())
                return stamp

            try:
                with _Whole(descriptor) as file:
                    yield DraftFile(file, publish)
            finally:
                outputs.discard(unfinished)

    def keep(self, name: str, why: str) -> None:
        with Tree(self._root) as tree:
            folder, own = tree.locate(self._output(name), create=False)
            self._trash.take(folder, own, where=f"{self.place}/{name}", document=None, why=why)

    def leave(self) -> None:
        with Tree(self._root) as tree, contextlib.suppress(OSError):
            folder, own = tree.locate(self._folder, create=False)
            os.rmdir(own, dir_fd=folder)

    def _output(self, name: str) -> bytes:
        return self._folder + b"/" + os.fsencode(name)


class _Whole:
    """A file written in large pieces, and closed even where the disk is full."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        os.close(self._descriptor)

    def write(self, content: memoryview) -> int:
        self._waiting += content
        if len(self._waiting) >= 1 << 20:
            self.flush()
        return len(content)

    def flush(self) -> None:
        outputs.write_all(self._descriptor, self._waiting)
        self._waiting.clear()


class StoredFolder(PartsFolder):
    """A folder of keys in a store. What is written lies on this disk first, without a name."""

    def __init__(self, bucket: Bucket, folder: bytes, drafts: Path) -> None:
        self._outputs = ObjectOutputs(bucket)
        self._folder = folder
        self._drafts = drafts

    @property
    def place(self) -> str:
        return f"{self._outputs.place}/{escape(self._folder)}"

    def stamps(self) -> Mapping[str, str] | None:
        above = self._outputs.key(self._folder) + "/"
        try:
            _, objects = self._outputs.store.level(above)
        except BadKey as error:
            return self._asked_for_one_by_one(error)
        return {each["path"].removeprefix(above): each["e_tag"] or "" for each in objects} or None

    def _asked_for_one_by_one(self, error: BadKey) -> Mapping[str, str]:
        """Return the stamps of what the manifest names, where a key of somebody else's that cannot be named ends the list."""
        try:
            with self.opened(MANIFEST) as file:
                manifest = read_manifest(file.read(LARGEST + 1))
        except OSError:
            manifest = None
        if manifest is None:
            # What else may lie there, which is not to be written over, nobody tells.
            raise error
        names = [MANIFEST, *(part_name(number, manifest.parts) for number in range(manifest.parts))]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="look") as pool:
            found = list(pool.map(lambda name: self._outputs.stamp(self._output(name)), names))
        return {name: stamp for name, stamp in zip(names, found, strict=True) if stamp is not None}

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        facts = self._outputs.store.facts(self._outputs.key(self._output(name)))
        if facts is None:
            raise FileNotFoundError(name)
        with self._fetched(facts) as file:
            yield file

    def _fetched(self, facts: ObjectFacts) -> BinaryIO:
        """Copy an object to this disk. A disk that is full says nothing of the object, so that no OSError may tell of it."""
        # A plan may come before the folder of the state.
        folder = self._drafts if self._drafts.is_dir() else None
        with contextlib.ExitStack() as unfinished, open_object(self._outputs.store, facts) as stream:
            try:
                file = cast("BinaryIO", unfinished.enter_context(TemporaryFile(dir=folder)))
                while piece := _read(stream):
                    file.write(piece)
                file.seek(0)
            except OSError as error:
                raise sink_error(str(folder or gettempdir()), error) from error
            unfinished.pop_all()
            return file

    @contextmanager
    def draft(self, name: str) -> Iterator[DraftFile]:
        with TemporaryFile(dir=self._drafts) as file:

            def publish(expected: str | None) -> str:
                file.flush()
                output = self._output(name)
                with (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
                    memoryview(mapped) as all_of_it,
                ):
                    return self._outputs.publish(output, all_of_it, expected or None)

            yield DraftFile(file, publish)

    def keep(self, name: str, why: str) -> None:  # noqa: ARG002 - a store's trash has no index
        with contextlib.suppress(ObjectChanged, ObjectMissing):
            self._outputs.remove(self._output(name))

    def leave(self) -> None:
        return

    def _output(self, name: str) -> bytes:
        return self._folder + b"/" + name.encode(errors="replace")


def _read(stream: BinaryIO) -> bytes:
    """Read a piece of an object. Raises StoreFault: of what cannot be fetched it is not known whether it was changed."""
    try:
        return stream.read(_PIECE)
    except OSError as error:
        if isinstance(error.__cause__, StoreFault):
            raise error.__cause__ from None
        raise
