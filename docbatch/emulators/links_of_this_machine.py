"""Following links as a vendor does, as far as they lead to this machine: an emulator asks nobody else."""

import contextlib
import io
from urllib.parse import urlsplit

from docbatch.naming.links import is_loopback
from docbatch.providers.http.links import LinkClient, LinkState, Unanswered


def fetched_here(url: str) -> bytes | None:
    """Return what a link to this machine leads to; None where it leads elsewhere, or to nothing."""
    if not is_loopback(urlsplit(url).hostname or ""):
        return None
    into = io.BytesIO()
    with contextlib.closing(LinkClient(private=True)) as client:
        try:
            client.fetch(url, into, LinkState())
        except Unanswered:
            return None
    return into.getvalue()
