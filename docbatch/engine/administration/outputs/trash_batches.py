"""Batches in the trash: what one prune took, with what it takes to put each thing back.

.docbatch/trash/pruned-<time>-<token>/batch.jsonl     a line for each thing, written before it is moved
.docbatch/trash/pruned-<time>-<token>/<number>-<name> the things themselves; of an object, whose copy lies in the trash of its
                                                      store, a file that says where
.docbatch/trash/pruned-<time>-<token>/done            once nothing of it is left to be done
"""

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from docbatch.naming.pathtext import escape, unescape
from docbatch.naming.store_places import in_store
from docbatch.owner_only import make_folder, opener
from docbatch.sinks.paths import folded
from docbatch.sinks.trash import sync
from docbatch.state.held_rows import HeldDocument
from docbatch.state.outputs import KnownOutput

_NAME = re.compile(r"pruned-(\d{8}T\d{6}Z)-[0-9a-f]{4}")
_TIME = "%Y%m%dT%H%M%SZ"
_RECORDS = "batch.jsonl"
_DONE = "done"
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class TakenOutput:
    """Something that is about to be moved into a batch, or was. Paths are text as `escape` gives it.

    `kept` is its name in the batch. A manifest has an empty `identity`; `mode` are its permissions, `seen` its stamp when it was taken.
    What lies in a store is copied to the key `stored` there, and has so many bytes as `length` says. Of a document's `rows` the output is
    the place that they lie in.
    """

    kept: str
    job: str
    identity: str
    root: str
    output: str
    document: str
    result: str | None
    stamp: str
    size: int | None
    digest: str | None
    mode: int
    seen: str
    stored: str = ""
    length: int = 0
    rows: bool = False

    @property
    def place(self) -> str:
        return f"{self.root}/{self.output}"

    @property
    def is_object(self) -> bool:
        """Whether it lies in a store."""
        return not self.rows and in_store(unescape(self.root))

    @property
    def held(self) -> HeldDocument:
        """The document as the state knew it, of rows."""
        return HeldDocument(0, unescape(self.document), self.result, self.stamp or None)

    def known(self, sink: int) -> KnownOutput:
        """Return the output as the state knew it, of a sink's row."""
        return KnownOutput(
            sink,
            unescape(self.document),
            unescape(self.output),
            self.result,
            self.stamp,
            self.size,
            self.digest,
            folded(unescape(self.root) + b"/" + unescape(self.output)),
        )


@dataclass(frozen=True, slots=True)
class TrashBatch:
    """A folder of the trash with what one prune took. `at` is wall time."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def at(self) -> float:
        made = _NAME.fullmatch(self.name)
        assert made is not None
        return datetime.strptime(made[1], _TIME).replace(tzinfo=UTC).timestamp()

    @property
    def is_done(self) -> bool:
        return (self.folder / _DONE).exists()

    def finish(self) -> None:
        """Note that all of it was done. Raises OSError."""
        with open(self.folder / _DONE, "ab", opener=opener):
            pass
        sync(self.folder)

    def announce(self, taken: Sequence[TakenOutput]) -> None:
        """Write down durably what is about to be moved: a line without a thing says only that the move did not happen."""
        text = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in taken)
        with open(self.folder / _RECORDS, "ab", opener=opener) as file:
            file.write(text.encode(errors="replace"))
            file.flush()
            os.fsync(file.fileno())

    def taken(self) -> Iterator[TakenOutput]:
        """Yield what lies in the batch at this moment. A line that a kill cut off is passed over."""
        try:
            file = (self.folder / _RECORDS).open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                try:
                    found = TakenOutput(**json.loads(line))
                except (ValueError, TypeError):
                    continue
                if "/" not in found.kept and os.path.lexists(self.folder / found.kept):
                    yield found

    def mark(self, taken: Sequence[TakenOutput]) -> None:
        """Say durably of objects that they may be in the trash of their stores from now on. Raises OSError."""
        for each in taken:
            with open(self.folder / each.kept, "wb", opener=opener) as file:
                file.write(f"{each.place}\n{each.stored}\n".encode(errors="replace"))
        sync(self.folder)

    def unmark(self, taken: TakenOutput) -> None:
        """Say of an object that it is no longer in the batch."""
        (self.folder / taken.kept).unlink(missing_ok=True)

    def is_empty(self) -> bool:
        return next(self.taken(), None) is None

    def remove(self) -> int:
        """Delete the batch with all that is in it; return how many things that were."""
        removed = 0
        with os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries]
        # The records go last, so that a kill leaves what can still be put back.
        for name in sorted(names, key=lambda name: name in {_RECORDS, _DONE}):
            (self.folder / name).unlink(missing_ok=True)
            removed += name not in {_RECORDS, _DONE}
        self.folder.rmdir()
        return removed


def begin(trash: Path, now: float) -> TrashBatch:
    """Make a batch. Raises OSError."""
    name = f"pruned-{datetime.fromtimestamp(now, UTC).strftime(_TIME)}-{secrets.token_hex(2)}"
    make_folder(trash)
    (trash / name).mkdir(0o700)
    sync(trash)
    return TrashBatch(trash / name)


def batches(trash: Path) -> list[TrashBatch]:
    """Return all batches, the newest first."""
    try:
        with os.scandir(trash) as entries:
            found = [
                entry.name
                for entry in entries
                if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [TrashBatch(trash / name) for name in sorted(found, reverse=True)]


def name_in_batch(number: int, output: bytes) -> str:
    shown = escape(output.rpartition(b"/")[2]).encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return f"{number:08d}-{shown.replace('/', '_')}"


def folders_above(outputs: Iterable[bytes]) -> list[bytes]:
    """Return the folders that outputs lie in, below their root, the deepest first."""
    found: set[bytes] = set()
    for output in outputs:
        above = output.rpartition(b"/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition(b"/")[0]
    return sorted(found, key=lambda folder: (-folder.count(b"/"), folder))
