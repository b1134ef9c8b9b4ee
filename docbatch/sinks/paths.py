"""From a rendered template to a path below the sink's root that is safe on every common file system."""

import hashlib
import re
import unicodedata

from docbatch.naming.filenames import DEVICE, NAME_LIMIT, STATE, TEMPORARY, reserved, safe
from docbatch.naming.store_places import in_store

__all__ = ["NAME_LIMIT", "TEMPORARY", "UnsafeOutput", "folded", "output_path"]

_SUSPECT = re.compile(
    rf"[\x00-\x1f\x7f]|[. ](?:/|$)|(?:^|/)(?:/|$|\.\.|\.docbatch|\.git|{DEVICE} *(?:[./]|$))",
    re.IGNORECASE,
)


class UnsafeOutput(ValueError):
    """The rendered path does not name a file below the sink's root."""


def output_path(rendered: str) -> bytes:
    """Return the path below the sink's root that a rendered template names.

    Windows device names, `.git`, control characters, and dots and spaces at a name's end are percent-escaped; names that are
    too long end in a digest and keep their suffix. Different texts may give one path: the planner refuses collisions.
    Raises UnsafeOutput when the text is no relative path, would leave the root, or enters `.docbatch`.
    """
    try:
        plain = rendered.encode()
    except UnicodeEncodeError:
        raise UnsafeOutput(f"the path {rendered!r} is not valid text") from None
    if len(plain) <= NAME_LIMIT and rendered.isascii() and not _SUSPECT.search(rendered):
        return plain
    if not rendered:
        raise UnsafeOutput("the path is empty")
    if rendered.startswith("/"):
        raise UnsafeOutput(f"the path {rendered!r} is absolute")
    return "/".join(_component(name, rendered) for name in rendered.split("/")).encode()


def folded(output: bytes) -> int:
    """Return a signed 64-bit key that is equal for outputs one file system may keep as the same file.

    A store keeps apart whatever differs.
    """
    if in_store(output):
        key = output
    elif output.isascii():
        key = output.lower()
    else:
        text = unicodedata.normalize("NFD", output.decode(errors="surrogateescape")).casefold()
        key = unicodedata.normalize("NFC", text).encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), signed=True)


def _component(name: str, rendered: str) -> str:
    if name in {"", ".", ".."}:
        what = f'a part "{name}"' if name else "an empty part"
        raise UnsafeOutput(f"the path {rendered!r} has {what}")
    if "\x00" in name:
        raise UnsafeOutput(f"the path {rendered!r} has a NUL character")
    if reserved(name) == STATE:
        raise UnsafeOutput(f"the path {rendered!r} leads into docbatch's own folder")
    return safe(name)
