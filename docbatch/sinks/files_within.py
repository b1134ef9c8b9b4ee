"""The files of outputs that are folders: what each kind says of them as they were left, from what lies on the disk."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from docbatch.naming.pathtext import escape
from docbatch.sinks import KINDS


class FileWithin(NamedTuple):
    """A file of an output that is a folder, as it was left: its path below the sink's root. `sha256` and `size` are None where they are not known."""

    output: bytes
    stamp: str
    size: int | None
    sha256: str | None


def is_folder(kind: str) -> bool:
    """Say whether the one output of a kind of sink is a folder of files."""
    return kind in KINDS.names() and bool(KINDS.kind(kind).within)


def files_within(kind: str, root: Path, stamp: str | None) -> Sequence[FileWithin]:
    """Return the files of a job's output, given its stamp; none of a kind that says nothing of them."""
    if not is_folder(kind) or stamp is None:
        return ()
    found = KINDS.kind(kind).files
    return () if found is None else [FileWithin._make(each) for each in found(root, stamp)]


def named_beside(manifest: Path) -> Sequence[FileWithin] | None:
    """Return the files of the folder that a manifest in it tells of, below the folder above; None where it is the manifest of no kind."""
    for kind in map(KINDS.kind, KINDS.names()):
        if kind.files is not None and os.fsencode(manifest.name) in kind.within:
            stamp = f" {escape(os.fsencode(manifest.parent.name))}"
            return files_within(kind.name, manifest.parent.parent, stamp)
    return None


def folder_within(kind: str, stamp: str | None) -> bytes | None:
    """Return the folder below the sink's root that an output lies in, given its stamp."""
    named = KINDS.kind(kind).folder if is_folder(kind) and stamp is not None else None
    return None if named is None or stamp is None else named(stamp)
