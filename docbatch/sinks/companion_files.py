"""Files beside outputs that these refer to: written with them, and in their places before them."""

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docbatch.sinks import outputs
from docbatch.sinks.base import Companion
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name

if TYPE_CHECKING:
    from docbatch.sinks.formats.pictures import PictureFile

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class StagedCompanion:
    """A file whose temporary file is written, unless the same bytes `stand` in its place already."""

    unfinished: Unfinished
    stands: bool
    size: int
    sha256: str


def stage(tree: Tree, output: bytes, pictures: "Iterable[PictureFile]") -> list[StagedCompanion]:
    """Write the temporary files of an output's pictures; when that fails none is left. Raises UnsafeOutput, OSError."""
    from docbatch.naming import picture_folders  # noqa: PLC0415 - planning opens sinks, and writes nothing

    staged: list[StagedCompanion] = []
    try:
        for each in pictures:
            place = picture_folders.place(output, each.name)
            unfinished = Unfinished(place, *tree.locate(place), temporary_name())
            stands = _stands(unfinished, each.content)
            if not stands:
                outputs.write(unfinished, each.content)
            digest = hashlib.sha256(each.content).hexdigest()
            staged.append(StagedCompanion(unfinished, stands, len(each.content), digest))
    except BaseException:
        discard(staged)
        raise
    return staged


def publish(
    staged: Sequence[StagedCompanion], document: str, *, again: bool, tree: Tree, trash: Trash
) -> tuple[Companion, ...]:
    """Put files in their places; `again` says that they were there before. Raises UnsafeOutput, OSError."""
    found = []
    for each in staged:
        at = each.unfinished
        if each.stands:
            stamp = outputs.stamp_of(os.stat(at.name, dir_fd=at.folder, follow_symlinks=False))
            tree.touch(at.output)
        else:
            # No stamp is expected: what bears the name and has other bytes was changed by somebody.
            stamp = outputs.publish(at, "" if again else None, document, tree=tree, trash=trash)
        found.append(Companion(at.output, stamp, each.size, each.sha256))
    return tuple(found)


def unfinished(staged: Iterable[StagedCompanion]) -> list[Unfinished]:
    """Return the temporary files among them."""
    return [each.unfinished for each in staged if not each.stands]


def discard(staged: Iterable[StagedCompanion]) -> None:
    """Remove the temporary files that are still there."""
    for each in unfinished(staged):
        outputs.discard(each)


def _stands(unfinished: Unfinished, content: bytes) -> bool:
    try:
        descriptor = os.open(unfinished.name, _READ, dir_fd=unfinished.folder)
    except OSError:
        # What it is says whoever puts a file there.
        return False
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        return stat.S_ISREG(status.st_mode) and status.st_size == len(content) and file.read() == content
