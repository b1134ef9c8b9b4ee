"""Which recipes a run sends documents by, and for which of its jobs: those of documents read whole, and of ranges of pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.engine.planning.items.job_split import sent_config
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running.run_context import Run


def sent_recipes(run: Run) -> Iterator[tuple[int, ResolvedJob]]:
    """Yield the rows of recipes, as far as they are recorded, each with a job that has it."""
    found: dict[int, ResolvedJob] = {}
    for target in run.targets.values():
        row = run.store.documents.recipe_row(target.recipe_key)
        if row is not None:
            found.setdefault(row, target)
        for part in _ranges(run, target):
            found.setdefault(part, target)
    yield from found.items()


def sharing(run: Run, recipe: int) -> list[ResolvedJob]:
    """Return the jobs by whose recipe documents, or parts of some, are sent."""
    key = run.store.documents.recipe_key(recipe)
    part = run.store.parts.range_of(recipe)
    if part is None:
        return [each for each in run.targets.values() if each.recipe_key == key]
    whole = run.store.documents.recipe_key(part.whole)
    return [
        each for each in run.targets.values() if each.split is not None and each.split.recipe_key == whole
    ]


def config_of(run: Run, target: ResolvedJob, recipe: int) -> Mapping[str, Any]:
    """Return the config with which a job's documents, or parts of some, are sent."""
    config = sent_config(target.config)
    part = run.store.parts.range_of(recipe)
    if part is None or target.split is None:
        return config
    return target.split.pages.select(config, part.first, part.last)


def present_recipes(run: Run, target: ResolvedJob) -> set[int | None]:
    """Return the rows of the recipes by which a job's documents are processed today, whole or in parts."""
    keys = [target.recipe_key] + ([] if target.split is None else [target.split.recipe_key])
    return {run.store.documents.recipe_row(key) for key in keys}


def _ranges(run: Run, target: ResolvedJob) -> Iterator[int]:
    whole = None if target.split is None else run.store.documents.recipe_row(target.split.recipe_key)
    if whole is not None:
        yield from run.store.parts.ranges([whole])
