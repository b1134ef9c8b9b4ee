"""The form an upload is sent as: streamed, of known length, and hashed on its way out.

The name in it begins with the document's key: its job keeps the name when the directory is gone.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from docbatch.core.models import WorkItem

CHUNK = 1 << 18

LONGEST_NAME = 512
_NAMED = re.compile(r"([0-9a-f]{64})-")


def shown_name(item: WorkItem) -> str:
    """Return the name a document is shown by. What is too long is cut in the middle: its end may tell the type."""
    name = f"{item.key}-{item.name}"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 64] + name[-64:]


def key_in(name: object) -> str | None:
    """Return the key of the document that bears a name; None for a name we did not give."""
    found = _NAMED.match(name) if isinstance(name, str) else None
    return found[1] if found else None


def without_keys(text: str) -> str:
    """Return what the service says with documents called as people call them."""
    return _NAMED.sub("", text)


class UploadForm:
    """A multipart body of text parts and one file. It can be read once.

    Whether the bytes sent were those planned is known afterwards. `ended_early` says that the file was shorter; its
    body is then cut short, so that no server takes it for whole.
    """

    def __init__(
        self, fields: Mapping[str, str], stream: BinaryIO, *, name: str, media_type: str, size: int
    ) -> None:
        boundary = secrets.token_hex(16)
        parts = [_text(boundary, field, value) for field, value in sorted(fields.items())]
        self._head = b"".join((*parts, _file(boundary, name, media_type)))
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._stream = stream
        self._size = size
        self._digest = hashlib.sha256()
        self.ended_early = False
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        # Each piece is a call of the system: the parts of a small form go out in one.
        left, waiting = self._size, self._head
        while left:
            piece = self._stream.read(min(CHUNK, left))
            if not piece:
                self.ended_early = True
                return
            left -= len(piece)
            self._digest.update(piece)
            if left:
                yield waiting + piece
                waiting = b""
            else:
                waiting += piece
        yield waiting + self._tail

    def is_as_planned(self, digest: str) -> bool:
        return self._digest.hexdigest() == digest


def _text(boundary: str, field: str, value: str) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'
    return f"{head}{value}\r\n".encode()


def _file(boundary: str, name: str, media_type: str) -> bytes:
    shown = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    disposition = f'Content-Disposition: form-data; name="upload_file"; filename="{shown}"'
    return f"--{boundary}\r\n{disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()
