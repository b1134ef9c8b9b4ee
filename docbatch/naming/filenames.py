"""Names of files that every common file system takes."""

import hashlib
import re
import unicodedata

NAME_LIMIT = 255
TEMPORARY = ".docbatch-"
"""Unfinished files start with this."""
OWNERS = f"{TEMPORARY}projects"
"""The file in which projects say that they write to a folder outside of them; no output is ever called so."""
STATE = ".docbatch"
GIT = ".git"
DEVICE = r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])"

_DEVICE_NAME = re.compile(rf"{DEVICE} *(?:\.|$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x01-\x1f\x7f]|[. ]$")
_LONGEST_SUFFIX = 32


def safe(name: str) -> str:
    """Return a name with device names, control characters, and a dot or space at its end percent-escaped.

    One that is too long ends in a digest and keeps its suffix.
    """
    name = _CONTROL.sub(lambda match: percent(match[0]), name)
    if _DEVICE_NAME.match(name) or reserved(name) == GIT or name.casefold().startswith(TEMPORARY):
        name = percent(name[0]) + name[1:]
    if len(name.encode()) <= NAME_LIMIT:
        return name
    return marked(name, hashlib.blake2b(name.encode(), digest_size=8).hexdigest())


def reserved(name: str) -> str | None:
    """Return which reserved folder a name is taken for: in any letter case, and with what some file systems pass over."""
    if "." not in name:
        return None
    plain = name if name.isascii() else "".join(each for each in name if unicodedata.category(each) != "Cf")
    plain = plain.casefold().rstrip(". ")
    return plain if plain in {STATE, GIT} else None


def marked(name: str, digest: str) -> str:
    """Return the name with a digest before its suffix, cut so that it is none too long."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) >= _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    ending = f"~{digest}{dot}{suffix}"
    kept = stem.encode()[: NAME_LIMIT - len(ending.encode())].decode(errors="ignore")
    return kept.rstrip(". ") + ending


def percent(character: str) -> str:
    return f"%{ord(character):02X}"


def fault(path: str) -> str | None:
    """Say why a relative path is none that every file system takes; None when it is one."""
    if not path.isprintable():
        return "it has a character that cannot be printed"
    for name in path.split("/"):
        if name in ("", ".", "..") or reserved(name) == STATE:
            return f'it has the part "{name}"' if name else "it has an empty part"
        if safe(name) != name:
            return f'it has the part "{name[:40]}", which not every file system takes'
    return None
