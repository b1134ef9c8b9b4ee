"""Reads documents as a job does: through the provider, in its worker processes, with what the route gives."""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docbatch.core.models import Draft, Operation, WorkItem
from docbatch.core.results import DocumentInfo
from docbatch.media import HEAD_SIZE, detect
from docbatch.packed import unpacked
from docbatch.providers.base import Batch, Failed, Intent, Ready
from docbatch.providers.local.provider import LocalProvider
from fidelity.truth import FAILED, Reading

_PATIENCE = 1.0


def read_all(
    paths: Mapping[str, Path], *, config: Mapping[str, Any] | None = None, width: int | None = None
) -> dict[str, Reading]:
    """Read the documents and return what a job's sinks would get, by name."""
    ended = threading.Event()
    found: dict[str, Reading] = {}
    with tempfile.TemporaryDirectory() as folder:
        provider = LocalProvider(Path(folder), workers=width, wake=ended.set)
        try:
            waiting = list(_intents(paths, config or {}, provider.traits.max_items))
            for intent in waiting:
                provider.create(intent)
                found |= _answers(provider, intent, ended)
        finally:
            provider.close()
    return found


def _intents(paths: Mapping[str, Path], config: Mapping[str, Any], size: int) -> Iterator[Intent]:
    work = [item(name, path) for name, path in paths.items()]
    for number in range(0, len(work), size):
        items = tuple(work[number : number + size])
        files = {each.key: each.place for each in items}
        yield Intent(
            str(number),
            str(number),
            b"",
            Batch(str(number), str(number), Operation.PARSE, items, config, files=files),
        )


def item(name: str, path: Path) -> WorkItem:
    """Return a document as a plan would have it, named by its path."""
    data = path.read_bytes()
    with path.open("rb") as file:
        media_type = detect(data[:HEAD_SIZE], os.fsencode(path.name), file)
    digest = hashlib.sha256(data).hexdigest()
    return WorkItem(name, "", digest, len(data), media_type, path.name, os.fsencode(path.absolute()))


def _answers(provider: LocalProvider, intent: Intent, ended: threading.Event) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    while len(found) < len(intent.batch.items):
        ended.wait(_PATIENCE)
        ended.clear()
        for one in provider.poll(intent, intent.submission).ended:
            match one:
                case Ready():
                    found[one.key] = _reading(provider, provider.fetch(intent, one))
                case Failed():
                    found[one.key] = Reading(
                        "", "", f"{FAILED}:{one.failure.kind}", error=one.failure.message
                    )
                case _:
                    found[one.key] = Reading("", "", FAILED, error=one.reason)
    return found


def _reading(provider: LocalProvider, draft: Draft) -> Reading:
    entry = draft.entry.read_bytes() if isinstance(draft.entry, Path) else draft.entry
    answer = provider.read(unpacked(entry, draft.digest))
    result = answer.result(DocumentInfo(path="", sha256="", size=0, media_type=""))
    return Reading(answer.markdown(), answer.text(), result.outcome, tuple(result.warnings or ()))
