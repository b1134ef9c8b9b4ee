"""Names of what lies inside of containers, made such that they lead nowhere else."""

import hashlib
import re
import unicodedata

from docbatch.core.models import Failure, FailureClass
from docbatch.naming.filenames import percent, safe

_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_A_WORD = re.compile(r"[^\w.@+-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SUBJECT = 60
_KEPT = 100


def tidy(name: str, longest: int) -> tuple[str, Failure | None]:
    """Return the path of a member as a document has it, and why it cannot be one."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    path = "/".join(parts)
    if "\0" in name:
        return path.replace("\0", percent("\0")), _unsafe("holds a zero byte")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        return percent("/") + path, _unsafe("begins at a root")
    if ".." in parts:
        return "/".join(part if part != ".." else "%2E%2E" for part in parts), _unsafe("leads out of it")
    if not path:
        return percent("/"), _unsafe("is empty")
    if len(raw(path)) > longest:
        reason = f"its name has {len(raw(path)):,} bytes, more than the {longest:,} that are taken"
        return shortened(path), Failure(FailureClass.TOO_LARGE, reason, "name")
    return path, None


def shortened(path: str) -> str:
    """Return a short name for what has too long a one."""
    digest = hashlib.blake2b(raw(path), digest_size=8).hexdigest()
    return raw(path)[:_KEPT].decode("utf-8", "ignore") + f"~{digest}"


def of_file(name: str | None, otherwise: str) -> str:
    """Return the name of a file that is attached: whatever folders it is said to be in."""
    last = (name or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    last = _CONTROL.sub("_", last).strip()
    return safe(last) if last.strip(". ") else otherwise


def of_subject(subject: str) -> str:
    """Return words of a subject that may stand in a name, which may be none."""
    words = _NOT_A_WORD.sub("-", unicodedata.normalize("NFC", subject)).strip("-. ")
    return words[:_SUBJECT].strip("-. ")


def raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _unsafe(what: str) -> Failure:
    return Failure(FailureClass.REFUSED_INPUT, f"its name in the container {what}", "unsafe_name")
