"""The files of a data set as its manifest has them: what is told of them without reading a row."""

from collections.abc import Iterator
from pathlib import Path

from docbatch.naming.pathtext import unescape
from docbatch.sinks.found_files import content_at, find
from docbatch.sinks.parquet.manifest import LARGEST, read_manifest
from docbatch.sinks.parquet.part_names import MANIFEST
from docbatch.sinks.tree import Tree


def folder_of(stamp: str) -> bytes:
    """Return the folder below the sink's root that a data set lies in, as its stamp says."""
    return unescape(stamp.partition(" ")[2])


def jobs_in(folder: Path) -> set[str]:
    """Return the jobs that have rows in a data set, as its manifest says; none where it cannot be read."""
    with Tree(folder) as tree:
        try:
            manifest = read_manifest(content_at(tree, MANIFEST.encode(), LARGEST))
        except (OSError, ValueError):
            return set()
    return set() if manifest is None else {job for each in manifest.files for job in each.jobs}


def files_as_left(root: Path, stamp: str) -> Iterator[tuple[bytes, str, int | None, str | None]]:
    """Yield (path below the root, stamp, size, SHA-256) of each file; nothing where the manifest is gone or cannot be read."""
    folder = folder_of(stamp)
    place = folder + b"/" + MANIFEST.encode()
    with Tree(root) as tree:
        try:
            manifest = read_manifest(content_at(tree, place, LARGEST))
            found = find(tree, place)
        except (OSError, ValueError):
            return
    if manifest is None or found.stamp is None:
        return
    for each in manifest.files:
        if "/" not in each.name and each.name not in {"", ".", ".."}:
            yield folder + b"/" + each.name.encode(), each.stamp, each.size, each.sha256
    # Last, since it alone names the others: what is removed is removed in this order.
    yield place, found.stamp, None, None
