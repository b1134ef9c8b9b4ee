"""Jobs as they are recorded to be declared, and keeping what changes in them."""

import os
import time
from collections.abc import Iterable
from dataclasses import replace

from docbatch.core.declarations import DECLARED, GONE, NOT_SET, WHOLE, JobDeclaration, declaration_changes
from docbatch.core.models import Recipe
from docbatch.core.recipe_changes import Difference
from docbatch.core.report import span
from docbatch.naming.declared_sinks import kind_of_sink, shown_sink
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.specs.values import Job
from docbatch.state.documents import RecordedJob
from docbatch.state.store import Store


def declaration(store: Store, name: str) -> JobDeclaration | None:
    """Return a job as it is recorded, None where it is not."""
    job = store.documents.job(name)
    if job is None:
        return None
    recipe = store.documents.recipe(job.recipe)
    project = os.fsdecode(project_root(store.folder))
    sinks = [
        (kind_of_sink(sink.identity), shown_sink(sink.identity, project))
        for sink in store.deliveries.sinks(name)
    ]
    return JobDeclaration(_with_config(recipe, job), _settings(job, project), sinks)


def keep_changes(store: Store, name: str, before: JobDeclaration | None) -> None:
    """Inside the transaction that recorded a job anew: keep what is another than before."""
    after = declaration(store, name)
    assert after is not None
    store.past.changed(name, declaration_changes(before, after), time.time())


def keep_end(store: Store, name: str) -> None:
    """Inside the transaction that recorded it: keep that a job is no longer declared."""
    store.past.changed(name, [Difference(WHOLE, DECLARED, GONE)], time.time())


def _with_config(recipe: Recipe, job: RecordedJob) -> Recipe:
    """Return a recipe with what only concerns how it is done as well: that may change, too."""
    return replace(recipe, config=job.config)


def _settings(job: RecordedJob, project: str) -> dict[str, str]:
    return {
        "connection": job.connection,
        "source": escape(job.source).removeprefix(f"{project}/"),
        "priority": str(job.priority),
        "timeout": NOT_SET if job.timeout is None else span(job.timeout),
        "on_empty": job.demands.on_empty,
        "on_partial": job.demands.on_partial,
    }


def undeclared(jobs: Iterable[Job], store: Store | None) -> set[str]:
    """Return the jobs the state knows that are not among all that are declared."""
    if store is None:
        return set()
    return {job.name for job in store.documents.jobs()} - {each.name for each in jobs}
