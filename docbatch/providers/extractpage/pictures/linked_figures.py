"""Which chunks of an answer are pictures that it only links to."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from docbatch.jsontext import parse
from docbatch.providers import linked_pictures

if TYPE_CHECKING:
    from docbatch.providers.http.presigned import PresignedClient

DOMAINS = ("extract.page",)

_FIELD = "image_url"


def fetched(storage: "PresignedClient", base_url: str, answer: bytes) -> dict[str, str] | None:
    """Return the pictures that an answer links to, in base64 by the numbers of their chunks; None where it links to none.

    Raises Unavailable as `linked_pictures.fetched` does.
    """
    links = list(_links(answer)) if b'"image_url"' in answer else []
    return linked_pictures.fetched(storage, base_url, DOMAINS, links) if links else None


def is_linked(chunk: Mapping[str, Any]) -> bool:
    """Say whether a picture is one that the service gives by a link alone."""
    link = chunk.get(_FIELD)
    return isinstance(link, str) and bool(link) and not isinstance(chunk.get("image_b64"), str)


def _links(answer: bytes) -> Iterator[tuple[str, str]]:
    try:
        found = parse(answer)
    except (ValueError, RecursionError):
        # Whoever reads the answer says so.
        return
    chunks = found.get("chunks") if isinstance(found, dict) else None
    for number, chunk in enumerate(chunks if isinstance(chunks, list) else ()):
        if isinstance(chunk, dict) and chunk.get("chunk_type") == "image" and is_linked(chunk):
            yield str(number), chunk[_FIELD]
