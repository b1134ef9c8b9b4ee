"""The files of a data set as its manifest has them: what is told of them without reading a row."""

from collections.abc import Iterator
from pathlib import Path

from docbatch.naming.pathtext import unescape
from docbatch.sinks.found_files import content_at, find
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.drafts import pieces
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.sinks.parquet.manifest import LARGEST, DataSetManifest, read_manifest
from docbatch.sinks.parquet.part_names import MANIFEST
from docbatch.sinks.tree import Tree
from docbatch.stores.object_reader import open_object


def folder_of(stamp: str) -> bytes:
    """Return the folder below the sink's root that a data set lies in, as its stamp says."""
    return unescape(stamp.partition(" ")[2])


def objects_as_left(bucket: Bucket, stamp: str) -> Iterator[tuple[bytes, str, int | None, str | None]]:
    """Yield what `files_as_left` does of a data set in a store. Raises StoreFault."""
    outputs = ObjectOutputs(bucket)
    folder = folder_of(stamp)
    place = folder + b"/" + MANIFEST.encode()
    found = outputs.found(outputs.key(place))
    if found is None or found.size > LARGEST:
        return
    with open_object(outputs.store, found) as stream:
        manifest = read_manifest(b"".join(pieces(stream)))
    if manifest is not None:
        yield from _named(folder, manifest)
        yield place, found.etag or "", None, None


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
    yield from _named(folder, manifest)
    # Last, since it alone names the others: what is removed is removed in this order.
    yield place, found.stamp, None, None


def _named(folder: bytes, manifest: DataSetManifest) -> Iterator[tuple[bytes, str, int | None, str | None]]:
    for each in manifest.files:
        if "/" not in each.name and each.name not in {"", ".", ".."}:
            yield folder + b"/" + each.name.encode(), each.stamp, each.size, each.sha256
