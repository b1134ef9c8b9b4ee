"""Pictures that an answer only links to: fetched as soon as the answer is, since nobody says how long such links live.

Which hosts these are at is not documented. They are asked for without a key, at the service's own hosts and at cloud storage alone,
and a picture that cannot be had is named by a warning: it never keeps a result from being kept.
"""

import base64
import binascii
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docbatch import media
from docbatch.core.errors import Gone, Unavailable
from docbatch.naming.signed import is_storage_host

if TYPE_CHECKING:
    # Answers are read where nothing is asked for.
    from docbatch.providers.http.presigned import PresignedClient

MOST_PICTURES = 1000
MOST_BYTES = 32 << 20
"""Bytes of one picture."""
MOST_OF_ALL = 64 << 20
"""Bytes of all pictures of a document: they are kept with its result."""
MOST_SECONDS = 300.0
"""Seconds after which no other picture of a document is asked for: its result waits for them."""
TRIES = 2
GIVING_UP = 3
"""Pictures one after the other that cannot be had, after which the others are not asked for."""

_KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff"})


def fetched(
    storage: "PresignedClient",
    base_url: str,
    domains: Collection[str],
    links: Iterable[tuple[str, str]],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Return the pictures that links lead to, in base64, by the names the links come with.

    `domains` are the service's own beside the host of its `base_url`. Raises Unavailable once the client is closed: then it is
    not known what could have been had.
    """
    from docbatch.providers.http.presigned import joined  # noqa: PLC0415 - whoever asks has the client

    found: dict[str, str] = {}
    left, missed, until = MOST_OF_ALL, 0, clock() + MOST_SECONDS
    for name, link in links:
        if missed >= GIVING_UP or len(found) >= MOST_PICTURES or left <= 0 or clock() >= until:
            break
        url = joined(base_url, link)
        if not _is_trusted(url, base_url, domains):
            continue
        content = _picture(storage, url, min(left, MOST_BYTES), lambda: clock() < until)
        missed = missed + 1 if content is None else 0
        if content is not None:
            left -= len(content)
            found[name] = base64.b64encode(content).decode()
    return found


def decoded(encoded: object) -> tuple[bytes, str | None]:
    """Return a picture in base64 and its type; None for what says that it is one, and is not."""
    content = _content(encoded)
    kind = media.detect(content[: media.HEAD_SIZE], b"") if content else ""
    return content, kind if kind in _KINDS else None


def untold(missing: int) -> Iterator[str]:
    """Yield the warning that linked pictures are missing, none where none is."""
    if missing:
        are = "1 picture" if missing == 1 else f"{missing:,} pictures"
        yield f"pictures: {are} that the service links to could not be fetched with the result; no output shows what is missing"


def _picture(storage: "PresignedClient", url: str, limit: int, is_time: Callable[[], bool]) -> bytes | None:
    for _ in range(TRIES):
        try:
            return storage.get(url, limit=limit, hops=0)
        except Gone:
            return None
        except Unavailable:
            if storage.is_closed:
                raise
            if not is_time():
                return None
    return None


def _is_trusted(url: str, base_url: str, domains: Collection[str]) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    is_own = host == urlsplit(base_url).hostname or any(
        host == domain or host.endswith(f".{domain}") for domain in domains
    )
    return bool(host) and (is_own or is_storage_host(host))


def _content(encoded: object) -> bytes:
    if not isinstance(encoded, str):
        return b""
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
