"""Explaining a document that is listed as a link: where it comes from, what the link last said, what is kept of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.links import shown
from docbatch.sources.linkcache import LinkCache
from docbatch.sources.listed import ListedSource
from docbatch.sources.statcache import StatCache


def link_facts(target: ResolvedJob, path: bytes, cache: StatCache) -> Iterator[str]:
    """Yield sentences about a link; nothing about other documents."""
    source = target.source.unwrapped
    link = source.listing.links.get(path) if isinstance(source, ListedSource) else None
    if link is None:
        return
    yield f"link {shown(link.url)}"
    if link.followed:
        yield "the provider fetches it; it counts by its link and by what that says about the document"
    else:
        yield "docbatch fetches it; it counts by its bytes"
    look = LinkCache(cache).last(source.identity, path)
    if look is not None and look.link == link.identity:
        when = datetime.fromtimestamp(look.looked, UTC).isoformat(sep=" ", timespec="seconds")
        said = {"ETag": look.etag, "Last-Modified": look.modified}
        words = ", ".join(f"{name} {word}" for name, word in said.items() if word is not None)
        yield f"last looked at {when}: {words or 'it told neither ETag nor Last-Modified'}"
