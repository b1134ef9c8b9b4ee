"""Following links as a vendor does, as far as they lead to this machine: an emulator asks nobody else.

A link may be a credential. What an emulator remembers over its own end has in its place what was fetched by it.
"""

import contextlib
import io
import json
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import urlsplit

from docbatch.naming.links import is_loopback
from docbatch.providers.http.links import LinkClient, LinkState, Unanswered

_HELD = "data:application/octet-stream;base64,"


class FollowedLinks:
    """What links led to, until it is written down."""

    def __init__(self) -> None:
        self._fetched: dict[str, bytes] = {}

    def follow(self, url: str) -> bytes | None:
        """Return what a link to this machine leads to, None where that is nothing, or the link leads elsewhere."""
        if url.startswith(_HELD):
            return b64decode(url.removeprefix(_HELD)) or None
        if not is_loopback(urlsplit(url).hostname or ""):
            return None
        into = io.BytesIO()
        with contextlib.closing(LinkClient(private=True)) as client:
            try:
                client.fetch(url, into, LinkState())
            except Unanswered:
                into = io.BytesIO()
        self._fetched[url] = into.getvalue()
        return into.getvalue() or None

    def written_down(self, body: bytes) -> bytes:
        """Return a request's body with what was fetched in the place of each link that was followed for it."""
        if not self._fetched:
            return body
        written = json.dumps(self._replaced(json.loads(body))).encode()
        self._fetched.clear()
        return written

    def _replaced(self, value: Any) -> Any:
        match value:
            case dict():
                return {name: self._replaced(each) for name, each in value.items()}
            case list():
                return [self._replaced(each) for each in value]
            case str() if value in self._fetched:
                return _HELD + b64encode(self._fetched[value]).decode()
        return value
