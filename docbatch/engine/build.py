"""From specs to what the engine runs: targets, sinks and connections."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path

from docbatch.engine.connections import Line
from docbatch.engine.target import SinkTarget, Target
from docbatch.keys import recipe_key
from docbatch.models import Recipe
from docbatch.pathtext import escape
from docbatch.providers import REGISTRY, Kind, Surroundings
from docbatch.sinks import open_sink
from docbatch.sinks.base import Sink
from docbatch.sinks.paths import output_path
from docbatch.spec.values import Job, JobSink
from docbatch.state.store import Store
from docbatch.templates import doc_fields


def targets(
    jobs: Iterable[Job], store: Store | None, folder: Path, upgrade: Collection[str] = ()
) -> Iterator[Target]:
    """Resolve jobs. What moves by itself stays as it was recorded, but for the jobs named in `upgrade`."""
    for job in jobs:
        kind = REGISTRY[job.connection.type]()
        config = {name: value for name, value in job.identity_config.items() if value is not None}
        recipe = Recipe(
            kind.name, kind.account, job.operation, config, _pins(job, kind, store, job.name in upgrade)
        )
        yield Target(
            name=job.name,
            connection=job.connection.name,
            operation=job.operation,
            recipe=recipe,
            recipe_key=recipe_key(recipe),
            root=os.fsencode(job.source.root),
            include=job.source.include,
            exclude=job.source.exclude,
            hidden=job.source.hidden,
            allow_empty=job.source.allow_empty,
            config=dict(job.config),
            priority=job.priority,
            timeout=job.timeout,
            sinks=tuple(_sink(sink, folder) for sink in job.sinks),
        )


def _pins(job: Job, kind: Kind, store: Store | None, fresh: bool) -> dict[str, str]:
    recorded = None if store is None or fresh else store.documents.job(job.name)
    if recorded is not None and store is not None:
        before = store.documents.recipe(recorded.recipe)
        if (before.provider, before.account, before.operation) == (kind.name, kind.account, job.operation):
            return dict(before.pins)
    return dict(kind.pins(job.operation, job.config))


def moved(target: Target) -> dict[str, tuple[str, str]]:
    """Return what moved since the job's versions were resolved: name to (kept, current)."""
    kind = REGISTRY[target.recipe.provider]()
    current = kind.pins(target.operation, target.config)
    kept = target.recipe.pins
    return {
        name: (kept.get(name, "none"), current.get(name, "none"))
        for name in sorted({*kept, *current})
        if kept.get(name) != current.get(name)
    }


def _sink(sink: JobSink, folder: Path) -> SinkTarget:
    single = None if sink.path is None else output_path(str(sink.path.relative_to(sink.root)))
    return SinkTarget(
        identity=sink.identity,
        root=os.fsencode(sink.root),
        output=single if sink.type != "files" else None,
        whole=sink.type == "jsonl",
        place=_place(sink),
        open=partial(_open, sink, single, folder),
        rewrite_missing=sink.on_missing == "rewrite",
    )


def _open(sink: JobSink, single: bytes | None, folder: Path) -> Sink:
    return open_sink(sink, root=sink.root, output=single or b"", trash=folder / "trash")


def _place(sink: JobSink) -> Callable[[bytes, str, int], bytes]:
    def place(path: bytes, digest: str, size: int) -> bytes:
        rendered = sink.output(doc_fields(path, sha256=digest, size=size))
        return output_path(escape(rendered) if _is_raw(rendered) else rendered.decode())

    return place


def _is_raw(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return True
    return False


def lines(jobs: Iterable[Job], surroundings: Surroundings) -> Iterator[Line]:
    """Return how to reach each connection the jobs use."""
    for connection in {job.connection.name: job.connection for job in jobs}.values():
        kind = REGISTRY[connection.type]()
        yield Line(connection.name, kind.account, kind.traits, partial(kind.connect, surroundings), kind.read)
