"""Fetching what jobs list as links, before a plan is made: all are looked at, and fetched where the provider does not do it.

What a link said is written down after its file, so that a run that dies in between looks again.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from docbatch.core.errors import StateError, TimeUp
from docbatch.core.models import Failure, Input
from docbatch.core.report import plural
from docbatch.engine.clock import Clock
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Looked, Observer, Trouble
from docbatch.naming.links import shown
from docbatch.naming.references import Reference
from docbatch.processes.daemon_pool import DaemonPool
from docbatch.sources.linkcache import LastLook, LinkCache
from docbatch.sources.linked_files import found, place, prune, put, write
from docbatch.sources.listed import Link, ListedSource, Looks, mirrored, reference
from docbatch.sources.statcache import StatCache

if TYPE_CHECKING:
    from docbatch.providers.http.links import LinkClient, LinkState

AT_ONCE = 8
WINDOW = 200


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is known of a link now, and the trouble that kept it from being asked."""

    path: bytes
    link: Link
    look: LastLook
    kept_for: Failure | None = None


def fetch_listed_links(
    targets: Sequence[ResolvedJob],
    gone: Iterable[str],
    folder: Path,
    cache: StatCache,
    observe: Observer,
    *,
    clock: Clock,
    deadline: float = float("inf"),
) -> None:
    """Make the mirrors of all lists so, below a folder, and let their sources remember what their links said.

    Mirrors of jobs that are gone, or list nothing any more, are removed. Raises StateError when the disk refuses, TimeUp
    when `deadline` (monotonic) passes before all answered.
    """
    until = partial(_seconds_until, clock, deadline)
    sources = {target.name: target.source.unwrapped for target in targets}
    lists = {name: source for name, source in sources.items() if isinstance(source, ListedSource)}
    with _on_disk(folder):
        for name in (*gone, *(target.name for target in targets if target.name not in lists)):
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
        for name, source in lists.items():
            source.remember(_mirror(name, source, LinkCache(cache), observe, until))


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{folder}: what the jobs list cannot be kept there: {error.strerror or error}",
            hint="nothing was sent; make room or mend the folder, then run the same command again",
        ) from error


def _seconds_until(clock: Clock, deadline: float) -> float | None:
    return None if deadline == float("inf") else max(0.0, deadline - clock.monotonic())


def _mirror(
    job: str, source: ListedSource, table: LinkCache, observe: Observer, until: Callable[[], float | None]
) -> Looks:
    root, listing = source.identity, source.listing
    prune(root, {*listing.written, *listing.links})
    write(root, listing.written)
    if not listing.links:
        return {}
    from docbatch.providers.http.links import LinkClient  # noqa: PLC0415 - the client is heavy, and few jobs list links

    known = table.of(root)
    looks: dict[bytes, LastLook] = {}
    kept: list[_Answer] = []
    with closing(LinkClient(private=listing.private)) as web, _pool() as pool:
        waiting = iter(listing.links.items())
        while window := list(islice(waiting, WINDOW)):
            ask = partial(_ask, web, root, known)
            answers = _in_time([pool.submit(ask, *each) for each in window], job, until)
            fresh = {answer.path: answer.look for answer in answers}
            table.keep(root, fresh)
            looks |= fresh
            kept += [answer for answer in answers if answer.kept_for is not None]
            if len(listing.links) > WINDOW:
                observe(Looked(job, len(looks), len(listing.links)))
    table.keep(root, {}, known.keys() - looks.keys())
    if kept:
        observe(_told(job, kept))
    return looks


@contextmanager
def _pool() -> Iterator[DaemonPool]:
    pool = DaemonPool(AT_ONCE, "docbatch-links")
    try:
        yield pool
    finally:
        pool.close()


def _in_time(
    asked: "Sequence[Future[_Answer]]", job: str, until: Callable[[], float | None]
) -> list[_Answer]:
    """Return what links said, in their order. Raises TimeUp."""
    if wait(asked, until()).not_done:
        raise TimeUp(
            f"job '{job}': the time of this run was up before all its links answered",
            hint="nothing was sent; run it again with a longer --timeout, or without one",
        )
    return [each.result() for each in asked]


def _told(job: str, kept: Sequence[_Answer]) -> Trouble:
    first = kept[0]
    message = f"{plural(len(kept), 'link')} could not be asked and counts as it last was"
    if len(kept) > 1:
        message = f"{plural(len(kept), 'link')} could not be asked and count as they last were"
    why = "" if first.kept_for is None else f": {first.kept_for.message}"
    return Trouble(f"job '{job}'", f"{message}, such as {shown(first.link.url)}{why}")


def _ask(web: "LinkClient", root: bytes, known: Looks, path: bytes, link: Link) -> _Answer:
    """Look at one link. Trouble that may pass leaves a known document as it is; the rest ends it."""
    from docbatch.providers.http.links import Unanswered  # noqa: PLC0415 - loaded by now

    before = known.get(path)
    file = mirrored(root, path, link, before)
    if file is None or before is None or before.link != link.identity:
        before = None
    try:
        look = _refer if link.followed else _fetch
        return _Answer(path, link, look(web, root, path, link, before))
    except Unanswered as error:
        if error.passing and file is not None:
            return _Answer(path, link, before or _looked(root, path, link, None), error.failure)
        if not web.is_closed:
            place(root, path).unlink(missing_ok=True)
        return _Answer(path, link, LastLook(link.identity, None, None, _now(), problem=error.failure))


def _fetch(web: "LinkClient", root: bytes, path: bytes, link: Link, before: LastLook | None) -> LastLook:
    from docbatch.providers.http.links import LinkState  # noqa: PLC0415 - loaded by now

    known = LinkState() if before is None else LinkState(before.etag, before.modified)
    said = known

    def fill(stream: BinaryIO) -> bool:
        nonlocal said
        said = web.fetch(link.url, stream, known)
        return not said.same

    put(root, path, fill)
    if said.same and before is not None:
        return replace(before, looked=_now())
    return _looked(root, path, link, said)


def _refer(web: "LinkClient", root: bytes, path: bytes, link: Link, before: LastLook | None) -> LastLook:
    """Write down what the provider is to fetch. Only a word that contradicts an earlier one makes it another document."""
    said = web.look(link.url)
    last = before or reference(root, path, link.url)
    if last is None or _contradicts(said.etag, last.etag, said.modified, last.modified):
        write(root, {path: Reference(Input.URL, link.url, said.etag, said.modified).encode()})
        return _looked(root, path, link, said)
    return replace(
        _looked(root, path, link, said), etag=said.etag or last.etag, modified=said.modified or last.modified
    )


def _contradicts(
    etag: str | None, last_etag: str | None, modified: str | None, last_modified: str | None
) -> bool:
    if etag is not None and last_etag is not None:
        return etag != last_etag
    return modified is not None and last_modified is not None and modified != last_modified


def _looked(root: bytes, path: bytes, link: Link, said: "LinkState | None") -> LastLook:
    file = found(root, path)
    assert file is not None
    etag, modified = (None, None) if said is None else (said.etag, said.modified)
    return LastLook(link.identity, etag, modified, _now(), file[1], file[2], file[4])


def _now() -> int:
    return int(time.time())
