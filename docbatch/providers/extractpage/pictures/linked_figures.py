"""Pictures that an answer only links to: fetched as soon as the answer is, since nobody says how long such links live.

Which hosts these are at is not documented. They are asked for without a key, at the service's own hosts and at cloud storage alone,
and a picture that cannot be had is named by a warning: it never keeps a result from being kept.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from docbatch.core.errors import Gone, Unavailable
from docbatch.jsontext import parse
from docbatch.naming.signed import is_storage_host
from docbatch.providers.http.presigned import PresignedClient, joined

OWN_DOMAIN = "extract.page"
MOST_PICTURES = 1000
MOST_BYTES = 32 << 20
"""Bytes of one picture."""
MOST_OF_ALL = 64 << 20
"""Bytes of all pictures of a document: they are kept with its result."""
TRIES = 2
GIVING_UP = 3
"""Pictures one after the other that cannot be had, after which the others are not asked for."""

_FIELD = "image_url"


def fetched(storage: PresignedClient, base_url: str, answer: bytes) -> dict[str, str] | None:
    """Return the pictures that an answer links to, in base64 by the numbers of their chunks; None where it links to none.

    Raises Unavailable once the client is closed: then it is not known what could have been had.
    """
    if b'"image_url"' not in answer:
        return None
    found: dict[str, str] = {}
    left, missed, are_any = MOST_OF_ALL, 0, False
    for number, link in _links(answer):
        are_any = True
        if missed >= GIVING_UP or len(found) >= MOST_PICTURES:
            break
        url = joined(base_url, link)
        content = _picture(storage, url, min(left, MOST_BYTES)) if _is_trusted(url, base_url) else None
        missed = missed + 1 if content is None else 0
        if content is not None:
            left -= len(content)
            found[str(number)] = base64.b64encode(content).decode()
    return found if are_any else None


def is_linked(chunk: Mapping[str, Any]) -> bool:
    """Say whether a picture is one that the service gives by a link alone."""
    link = chunk.get(_FIELD)
    return isinstance(link, str) and bool(link) and not isinstance(chunk.get("image_b64"), str)


def _links(answer: bytes) -> Iterator[tuple[int, str]]:
    try:
        found = parse(answer)
    except (ValueError, RecursionError):
        # Whoever reads the answer says so.
        return
    chunks = found.get("chunks") if isinstance(found, dict) else None
    for number, chunk in enumerate(chunks if isinstance(chunks, list) else ()):
        if isinstance(chunk, dict) and chunk.get("chunk_type") == "image" and is_linked(chunk):
            yield number, chunk[_FIELD]


def _picture(storage: PresignedClient, url: str, limit: int) -> bytes | None:
    for _ in range(TRIES):
        try:
            return storage.get(url, limit=limit, hops=0)
        except Gone:
            return None
        except Unavailable:
            if storage.is_closed:
                raise
    return None


def _is_trusted(url: str, base_url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    is_own = host == OWN_DOMAIN or host.endswith(f".{OWN_DOMAIN}") or host == urlsplit(base_url).hostname
    return bool(host) and (is_own or is_storage_host(host))
