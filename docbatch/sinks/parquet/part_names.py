"""Which part a document's rows lie in, and what parts are called."""

import hashlib
import re
from collections.abc import Iterable

MANIFEST = "_manifest.json"
"""Readers of folders pass over what begins with an underscore."""
MOST_CHOSEN = 256
"""The most parts that are chosen where a spec names no number."""
_FEWEST_CHOSEN = 8
_PART_BYTES = 64 << 20
_PART_DOCUMENTS = 5000
_NAME = re.compile(r"part-(\d{5})-of-(\d{5})\.parquet")


def part_name(number: int, parts: int) -> str:
    return f"part-{number:05}-of-{parts:05}.parquet"


def part_number(name: str, parts: int) -> int | None:
    """Return which part of so many a file is by its name; None for any other file."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and int(found[2]) == parts and int(found[1]) < parts else None


def parts_of(names: Iterable[str]) -> int | None:
    """Return how many parts there are of what the files of a folder are parts of; None where there are none."""
    found = (_NAME.fullmatch(name) for name in names)
    return max((int(each[2]) for each in found if each is not None), default=None)


def part_of(path: bytes, parts: int) -> int:
    """Return the part of so many that a document's rows lie in: that of its path, so that a renamed job keeps its parts."""
    return int.from_bytes(hashlib.blake2b(path, digest_size=8).digest()) % parts


def chosen_parts(size: int, documents: int) -> int:
    """Return how many parts a data set gets that begins with so many bytes of rows, of so many documents.

    It is a power of two, which divides MOST_CHOSEN: what is spread over that many is spread over fewer.
    """
    wanted = max(size / _PART_BYTES, documents / _PART_DOCUMENTS)
    parts = _FEWEST_CHOSEN
    while parts < min(wanted, MOST_CHOSEN):
        parts *= 2
    return parts


def beside(folder: bytes, parts: int) -> bytes:
    """Return the folder of a data set of so many parts whose own place another one has."""
    return folder + b"-%d-parts" % parts
