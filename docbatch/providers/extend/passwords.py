"""Passwords of documents: one goes along with the upload of a PDF that needs one, and with nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from docbatch.core.errors import Refused
from docbatch.core.models import FailureClass, WorkItem
from docbatch.providers.http.keyed import Reply

PDF = "application/pdf"
_SIGN = b"/Encrypt"
_CHUNK = 1 << 20


def wanted(item: WorkItem, stream: BinaryIO, passwords: tuple[str, ...]) -> Mapping[str, tuple[None, bytes]]:
    """Return the part of an upload that unlocks a document; none where it is not locked. Raises Refused."""
    if not passwords or item.media_type != PDF or not _is_locked(stream):
        return {}
    if len(passwords) > 1:
        raise Refused(
            f"{item.name}: it needs a password, and Extend takes one, not {len(passwords)} to be tried",
            kind=FailureClass.ENCRYPTED,
            hint="give each password a job with the documents it opens",
        )
    return {"password": (None, passwords[0].encode())}


def hidden(reply: Reply, passwords: tuple[str, ...]) -> Reply:
    """Return an answer that is shown without passwords."""
    return replace(reply, secrets=(*reply.secrets, *passwords)) if passwords else reply


def _is_locked(stream: BinaryIO) -> bool:
    """Say whether a PDF says that it is encrypted; that stands outside of all that is. The stream is at its start again."""
    kept = b""
    found = False
    while not found and (chunk := stream.read(_CHUNK)):
        found = _SIGN in kept + chunk
        kept = chunk[1 - len(_SIGN) :]
    stream.seek(0)
    return found
