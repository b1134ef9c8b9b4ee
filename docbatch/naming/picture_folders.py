"""Where the pictures of an output lie: in a folder beside it, under names that say what is in them.

<output>.files/page-3-picture-1-5d41402abc4b2a76.png

A name holds digits of its picture's SHA-256: what lies under one is never replaced by another picture, so an output of before and
the next one may both refer to it while one takes the other's place.
"""

import hashlib
import re
from urllib.parse import quote

from docbatch.naming.filenames import NAME_LIMIT

_ENDING = b".files"
_DIGITS = 16
_LONGEST = NAME_LIMIT - len(_ENDING)
_MARK = re.compile(rb"~[0-9a-f]{16}\.files\Z")
_PICTURE = re.compile(rb"page-\d+-picture-\d+-[0-9a-f]{16}\.(?:png|jpg|gif|webp|tiff)\Z")


def folder_name(output: bytes) -> bytes:
    """Return what the folder of an output's pictures is called. Of a name that is too long the rest is a digest."""
    name = output.rpartition(b"/")[2]
    if len(name) > _LONGEST:
        mark = b"~" + hashlib.blake2b(name, digest_size=8).hexdigest().encode()
        name = name[: _LONGEST - len(mark)].decode(errors="ignore").rstrip(". ").encode() + mark
    return name + _ENDING


def place(output: bytes, name: str) -> bytes:
    """Return where a picture of an output lies, below the root that the output lies below."""
    above, slash, _ = output.rpartition(b"/")
    return above + slash + folder_name(output) + b"/" + name.encode()


def picture_name(page: int, place: int, digest: str, suffix: str) -> str:
    """Return the name of a picture: the so many-th from 0 of a page, and the SHA-256 of its bytes."""
    return f"page-{page}-picture-{place + 1}-{digest[:_DIGITS]}.{suffix}"


def link(folder: bytes, name: str) -> str:
    """Return the address of a picture as seen from its output: a relative URL, whatever bytes the output's name has."""
    return f"{quote(folder, safe='')}/{quote(name, safe='')}"


def output_of(place: bytes) -> bytes | None:
    """Return the output that a file would be a picture of; empty where only a digest tells, None where it is nobody's."""
    folder, slash, name = place.rpartition(b"/")
    if not slash or not folder.endswith(_ENDING) or not _PICTURE.match(name):
        return None
    return b"" if _MARK.search(folder) else folder.removesuffix(_ENDING)


def is_picture(place: bytes) -> bool:
    """Say whether a file would be a picture of an output: it has to be there as long as that is."""
    return output_of(place) is not None
