"""Explaining a document: why it will or will not be sent, naming what changed with its old and new value."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.changes import FoundDocument, Reason, Recorded, Verdict, judge
from docbatch.core.errors import UsageError
from docbatch.core.keys import canonical, item_key
from docbatch.core.models import ItemStatus, Recipe
from docbatch.engine.planning.compare_documents import known_item
from docbatch.engine.planning.explain_link import facts, linked, listed
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.naming.pathtext import escape, unescape
from docbatch.sources.content import ContentError, measure
from docbatch.sources.globs import compile_globs
from docbatch.sources.statcache import StatCache
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class Difference:
    """A component of the document's identity whose recorded value is not today's."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is due for a document in one job, why, and the facts it rests on."""

    job: str
    path: str
    verdict: str
    reason: str
    differences: tuple[Difference, ...] = ()
    facts: tuple[str, ...] = ()


def explain(
    document: str, targets: Sequence[ResolvedJob], store: Store | None, cache: StatCache
) -> list[Explanation]:
    """Explain a document named by its path from here, from its source's root, or absolute, or by its link.

    Raises UsageError.
    """
    found = [
        _explain(target, path, store, cache)
        for target in targets
        for path in _paths(document, target)
        if _is_concerned(target, path, store)
    ]
    if not found:
        raise UsageError(
            f"no selected job has a document '{document}'",
            hint="name it by its path; is it matched by the job's include patterns, and not excluded?",
        )
    return found


def _paths(document: str, target: ResolvedJob) -> Iterator[bytes]:
    if target.listing is not None and "://" in document:
        yield from linked(document, target.listing)
        return
    inside = os.path.relpath(Path.cwd() / document, os.fsdecode(target.root))
    candidates = dict.fromkeys((os.fsencode(inside), os.path.normpath(unescape(document))))
    yield from (path for path in candidates if path.split(b"/")[0] not in {b"", b".."})


def _is_concerned(target: ResolvedJob, path: bytes, store: Store | None) -> bool:
    if target.listing is None:
        matches = compile_globs(target.include, target.exclude, hidden=target.hidden)
        there = matches(path) and os.path.lexists(target.root + b"/" + path)
    else:
        there = path in target.listing
    return there or (store is not None and store.documents.knows(target.name, path))


def _explain(target: ResolvedJob, path: bytes, store: Store | None, cache: StatCache) -> Explanation:
    about = tuple(facts(target, path, cache))
    try:
        found = _found(target, path, cache)
    except ContentError as error:
        return Explanation(target.name, escape(path), "cannot be sent", error.failure.message, facts=about)
    if found is None:
        return Explanation(target.name, escape(path), "is a link", str(Reason.UNSEEN), facts=about)
    key = item_key(target.recipe_key, found.media_type, found.digest)
    if store is None:
        verdict = judge(found, None, None)
        explained = Explanation(
            target.name, escape(path), _verdict(verdict), str(verdict.reason), facts=(f"item {key}",)
        )
    else:
        explained = _compared(target, found, key, store)
    return replace(explained, facts=(*about, *explained.facts))


def _found(target: ResolvedJob, path: bytes, cache: StatCache) -> FoundDocument | None:
    """Return what the document is now, None for a link nobody has looked at. Raises ContentError."""
    if target.listing is not None and path in target.listing:
        return listed(target, target.listing, path, cache)
    now = measure(target.root + b"/" + path)
    return FoundDocument(path, now.digest, now.media_type, now.size)


def _compared(target: ResolvedJob, found: FoundDocument, key: str, store: Store) -> Explanation:
    row = store.documents.item_row(target.name, found.path)
    before = None if row is None else store.items.by_row(row)
    item = store.items.get(key)
    known = None if item is None else known_item(item)
    verdict = judge(found, None if before is None else _recorded(target, before, store), known)
    unchanged = verdict.reason is Reason.BEHIND
    return Explanation(
        target.name,
        escape(found.path),
        "is done; it will not be sent" if unchanged else _verdict(verdict),
        "it was processed, and nothing it depends on has changed" if unchanged else str(verdict.reason),
        ()
        if before is None
        else tuple(_differences(target, before, store.documents.recipe(before.recipe), found)),
        (*_facts(key, item), *_outputs(target, found.path, store)),
    )


def _outputs(target: ResolvedJob, path: bytes, store: Store) -> Iterator[str]:
    """Say of each output of the document where it lies and whether it is as it was left."""
    recorded = {sink.identity: sink for sink in store.deliveries.sinks(target.name)}
    for wanted in target.sinks:
        sink = recorded.get(wanted.identity)
        if sink is None:
            where = f"below {escape(wanted.root)}" if wanted.root is not None else f"in {wanted.kind.name}"
            yield f"output {where}: the sink is new or writes elsewhere now; apply writes it"
            continue
        written = store.deliveries.of(sink.row, path)
        if written is None or sink.output is not None:
            continue
        _, output, _, stamp, _ = written
        shown = _shown(wanted, output)
        now = wanted.open().stamp(output)
        if stamp is None:
            yield f"output {shown}: not written yet"
        elif now is None:
            yield f"output {shown}: gone; apply writes it again, free of charge"
        elif now != stamp:
            yield f"output {shown}: edited; apply moves the edited copy to the trash and writes it again"
        else:
            yield f"output {shown}: as it was written"


def _shown(sink: ResolvedSink, output: bytes) -> str:
    if sink.root is None:
        return f"{escape(output)} in {sink.kind.name}"
    return escape(os.fsencode(os.path.relpath(Path(os.fsdecode(sink.root + b"/" + output)))))


def _recorded(target: ResolvedJob, before: RecordedItem, store: Store) -> Recorded:
    same = before.recipe == store.documents.recipe_row(target.recipe_key)
    return Recorded(before.digest, before.media_type, before.status, same)


def _verdict(verdict: Verdict) -> str:
    return {
        "send": "will be sent",
        "wait": "will not be sent: it is with the provider",
        "deliver": "will be written again, not sent",
        "fail": "cannot be sent",
        "stand": "will not be sent by itself; 'docbatch retry' queues it",
        "held": "will not be sent; decide with 'docbatch resolve'",
        "remove": "is no longer wanted",
    }[verdict.kind]


def _differences(
    target: ResolvedJob, before: RecordedItem, old: Recipe, found: FoundDocument
) -> Iterator[Difference]:
    if before.digest != found.digest:
        yield Difference("sha256", before.digest, found.digest)
    if before.media_type != found.media_type:
        yield Difference("media type", before.media_type, found.media_type)
    new = target.recipe
    for what, one, other in (
        ("provider", old.provider, new.provider),
        ("account", old.account, new.account),
        ("operation", str(old.operation), str(new.operation)),
    ):
        if one != other:
            yield Difference(what, one, other)
    yield from _fields("config", old.config, new.config)
    yield from _fields("version", old.pins, new.pins)


def _fields(prefix: str, old: object, new: object) -> Iterator[Difference]:
    """Descend to the fields that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _fields(f"{prefix}.{name}", old.get(name), new.get(name))
    elif canonical(old) != canonical(new):
        yield Difference(prefix, _said(old), _said(new))


def _said(value: object) -> str:
    return "not set" if value is None else canonical(value)


def _facts(key: str, item: RecordedItem | None) -> Iterator[str]:
    yield f"item {key}"
    if item is None:
        yield "these bytes were never sent under this job's provider, operation and config"
        return
    yield f"recorded as {item.status}" + (f", attempt {item.attempt + 1}" if item.attempt else "")
    if item.failure is not None:
        code = f" ({item.failure.code})" if item.failure.code else ""
        yield f"{item.failure.kind}: {item.failure.message}{code}"
    if item.result is not None:
        yield f"result {item.result} in the spool"
    if item.status is ItemStatus.LIVE:
        yield "'docbatch status' shows the submission it travels in"
