"""Explaining a document that is listed as a link: where it comes from, what the link last said, what is kept of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from docbatch.engine.planning.resolved_job import Link, Listing, ResolvedJob
from docbatch.naming.links import BadLink, digest, normal, shown
from docbatch.sources.linkcache import LastLook, LinkCache
from docbatch.sources.statcache import StatCache


def linked_paths(document: str, listing: Listing) -> Iterator[bytes]:
    """Yield the paths of the documents that a link leads to; a signature in it does not count."""
    try:
        wanted = digest(normal(document, private=True))
    except BadLink:
        return
    yield from (path for path, link in listing.links.items() if digest(link.url) == wanted)


def link_facts(target: ResolvedJob, path: bytes, cache: StatCache) -> Iterator[str]:
    """Yield sentences about a link; nothing about other documents."""
    link = None if target.listing is None else target.listing.links.get(path)
    if link is None:
        return
    yield f"link {shown(link.url)}"
    if link.followed:
        yield "the provider fetches it; it counts by its link and by what that says about the document"
    else:
        yield "docbatch fetches it; it counts by its bytes"
    look = _last(target, path, link, cache)
    if look is not None:
        when = datetime.fromtimestamp(look.looked, UTC).isoformat(sep=" ", timespec="seconds")
        said = {"ETag": look.etag, "Last-Modified": look.modified}
        words = ", ".join(f"{name} {word}" for name, word in said.items() if word is not None)
        yield f"last looked at {when}: {words or 'it told neither ETag nor Last-Modified'}"


def _last(target: ResolvedJob, path: bytes, link: Link, cache: StatCache) -> LastLook | None:
    look = LinkCache(cache).last(target.root, path)
    return look if look is not None and look.link == link.identity else None
