"""What a batch says of itself, held against what was asked for, and how long its results can be had."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from docbatch.providers.extractpage.replies import RemoteBatch

UNSAID_LIFE = 24 * 3600.0
SOON = 12 * 3600.0
_DEFAULTS = {"extract_text": True, "extract_images": True}


def remarks(batch: RemoteBatch, body: bytes) -> list[str]:
    """Return what a person should know of a batch that a request made, each as a sentence that stays the same.

    Work that was taken over has no request.
    """
    return [*(_deviations(batch, json.loads(body)) if body else ()), *_end(batch)]


def lasts(batch: RemoteBatch) -> float | None:
    """Return for how many seconds results of a batch can still be had, as far as that can be told."""
    ends = _ends(batch)
    return None if ends is None or batch.seen is None else max(ends - batch.seen, 0.0)


def _ends(batch: RemoteBatch) -> float | None:
    if batch.expires is not None:
        return batch.expires
    return None if batch.created is None else batch.created + UNSAID_LIFE


def _end(batch: RemoteBatch) -> Iterator[str]:
    left = lasts(batch)
    if left is not None and left < SOON and batch.expires is not None:
        when = datetime.fromtimestamp(batch.expires, UTC).isoformat(sep=" ", timespec="minutes")[:16]
        yield f"batch {batch.id} and its results go at extract.page at {when} UTC; what is not collected by then is lost"


def _deviations(batch: RemoteBatch, asked: dict[str, Any]) -> Iterator[str]:
    wanted = {name: asked.get(name, usual) for name, usual in _DEFAULTS.items()}
    done = {name: batch.options.get(name) for name in wanted}
    if asked.get("engine") is not None:
        wanted["engine"], done["engine"] = asked["engine"], batch.engine
    for name, value in wanted.items():
        if done[name] is not None and done[name] != value:
            yield (
                f"batch {batch.id} is done with {name}: {_shown(done[name])}, and {_shown(value)} was asked for;"
                " compare its results before you rely on them"
            )


def _shown(value: object) -> str:
    return json.dumps(value)[:80]
