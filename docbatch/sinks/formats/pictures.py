"""What becomes of the pictures of an answer: files beside the output that links to them, or bytes in the output itself.

What is a picture is told by its bytes, and its name is ours: the service's word is taken for neither.
"""

import base64
import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from docbatch import media
from docbatch.core.report import plural
from docbatch.naming import picture_folders
from docbatch.naming.pathtext import unescape
from docbatch.sinks.formats.picture_sizes import pixels
from docbatch.sinks.picture_modes import is_folder

if TYPE_CHECKING:
    from docbatch.core.results import Picture

MOST_PICTURES = 1000
MOST_BYTES = 64 << 20
"""Bytes of one picture."""
LAST_PAGE = 10**9
"""The largest number of a page, whose digits are in the names of its pictures."""
MOST_OF_ALL = 512 << 20
SUFFIXES: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tiff",
}
"""The types that are written, and what their names end with."""

Place = tuple[int, int]
"""A page, and the so many-th picture on it from 0."""


class PictureFile(NamedTuple):
    """A file in the folder of an output's pictures."""

    name: str
    content: bytes


class Illustrated(NamedTuple):
    """The bytes of an output, and the pictures that are to lie beside it. `remark` says what of them is not there."""

    content: bytes
    pictures: tuple[PictureFile, ...] = ()
    remark: str | None = None


@dataclass(slots=True)
class Illustrations:
    """The pictures of one output: `links` to each by its place, as URLs, and the `files` that have to be there for them."""

    links: dict[Place, str] = field(default_factory=dict)
    shown: dict[Place, "Picture"] = field(default_factory=dict)
    names: dict[Place, str] = field(default_factory=dict)
    files: dict[str, PictureFile] = field(default_factory=dict)
    remark: str | None = None


def illustrations(pictures: Sequence["Picture"], folder: str | None) -> Illustrations:
    """Return what becomes of pictures in a folder, see `picture_modes.folder_for`. Equal bytes are one file."""
    found = Illustrations()
    if folder is None:
        return found
    kept = list(_kept(pictures))
    for each, digest in kept:
        kind = media.detect(each.content[: media.HEAD_SIZE], b"")
        place = (each.page, each.place)
        found.shown[place] = _measured(each)
        if not is_folder(folder):
            found.links[place] = f"data:{kind};base64,{base64.b64encode(each.content).decode()}"
            continue
        if digest not in found.files:
            name = picture_folders.picture_name(each.page, each.place, digest, SUFFIXES[kind])
            found.files[digest] = PictureFile(name, each.content)
        name = found.files[digest].name
        found.links[place] = picture_folders.link(unescape(folder), name)
        found.names[place] = f"{folder}/{name}"
    if left := len(pictures) - len(kept):
        are = "is" if left == 1 else "are"
        found.remark = (
            f"{plural(left, 'picture')} {are} not shown: too many, too large, or no picture of a known kind"
        )
    return found


def _measured(picture: "Picture") -> "Picture":
    """Return a picture with its size, which it says itself where the service does not."""
    size = None if picture.width and picture.height else pixels(picture.content)
    return picture if size is None else replace(picture, width=size[0], height=size[1])


def pack(made: Illustrated) -> bytes:
    """Return an output with its pictures as bytes that `unpack` takes apart, for another process."""
    names = [each.name.encode() for each in made.pictures]
    remark = (made.remark or "").encode()
    head = [struct.pack(">IIQ", len(names), len(remark), len(made.content)), remark]
    for name, each in zip(names, made.pictures, strict=True):
        head += [struct.pack(">IQ", len(name), len(each.content)), name]
    return b"".join([*head, made.content, *(each.content for each in made.pictures)])


def unpack(packed: bytes) -> Illustrated:
    """Return an output with its pictures."""
    number, remark_length, length = struct.unpack_from(">IIQ", packed)
    at = struct.calcsize(">IIQ")
    remark = packed[at : at + remark_length].decode()
    at += remark_length
    heads = []
    for _ in range(number):
        name_length, size = struct.unpack_from(">IQ", packed, at)
        at += struct.calcsize(">IQ")
        heads.append((packed[at : at + name_length].decode(), size))
        at += name_length
    content = packed[at : at + length]
    at += length
    pictures = []
    for name, size in heads:
        pictures.append(PictureFile(name, packed[at : at + size]))
        at += size
    return Illustrated(content, tuple(pictures), remark or None)


def _kept(pictures: Sequence["Picture"]) -> Iterator[tuple["Picture", str]]:
    """Yield the pictures that are within bounds, each with its SHA-256."""
    seen: set[Place] = set()
    size = 0
    for each in pictures:
        kind = media.detect(each.content[: media.HEAD_SIZE], b"")
        is_one = kind in SUFFIXES and 0 <= each.page <= LAST_PAGE and each.place >= 0
        if not is_one or len(each.content) > MOST_BYTES or (each.page, each.place) in seen:
            continue
        size += len(each.content)
        if len(seen) >= MOST_PICTURES or size > MOST_OF_ALL:
            return
        seen.add((each.page, each.place))
        yield each, hashlib.sha256(each.content).hexdigest()
