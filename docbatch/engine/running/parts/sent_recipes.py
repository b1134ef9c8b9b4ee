"""Which recipes a run sends documents by, and for which of its jobs: those of documents read whole, and of ranges of pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from docbatch.core.keys import SPLIT_PAGES
from docbatch.core.models import WorkItem
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store


def sent_recipes(store: Store, targets: Iterable[ResolvedJob]) -> Iterator[tuple[int, ResolvedJob]]:
    """Yield the rows of recipes, as far as they are recorded, each with a job that has it."""
    found: dict[int, ResolvedJob] = {}
    for target in targets:
        row = store.documents.recipe_row(target.recipe_key)
        if row is not None:
            found.setdefault(row, target)
        for part in _ranges(store, target):
            found.setdefault(part, target)
    yield from found.items()


def sharing(store: Store, targets: Iterable[ResolvedJob], recipe: int) -> list[ResolvedJob]:
    """Return the jobs by whose recipe documents, or parts of some, are sent."""
    key = store.documents.recipe_key(recipe)
    part = store.parts.range_of(recipe)
    if part is None:
        return [each for each in targets if each.recipe_key == key]
    whole = store.documents.recipe_key(part.whole)
    return [each for each in targets if each.split is not None and each.split.recipe_key == whole]


def sent_as(
    store: Store, targets: Iterable[ResolvedJob], recipe: int, items: Sequence[WorkItem]
) -> tuple[ResolvedJob, Sequence[WorkItem]]:
    """Return the job as whose the first of these items is sent, and those that may be sent with it: as many as have the same config.

    Jobs of one recipe may differ in what no key contains, such as a vendor's priority or the seconds a document may take. What
    several of them want is sent as the one with the lowest priority number says, by name among equals.
    """
    those = sorted(sharing(store, targets, recipe), key=lambda each: (each.priority, each.name))
    configs = {each.name: _sent_config(each) for each in those}
    if all(config == configs[those[0].name] for config in configs.values()):
        return those[0], items
    wanting = store.shares.jobs_of([item.row for item in items])
    senders = [next((each for each in those if each.name in wanting[item.row]), those[0]) for item in items]
    config = configs[senders[0].name]
    alike = [item for item, sender in zip(items, senders, strict=True) if configs[sender.name] == config]
    return senders[0], alike


def _sent_config(target: ResolvedJob) -> dict[str, Any]:
    return {name: value for name, value in target.config.items() if name != SPLIT_PAGES}


def config_of(store: Store, target: ResolvedJob, recipe: int) -> Mapping[str, Any]:
    """Return the config with which a job's documents, or parts of some, are sent."""
    config = _sent_config(target)
    part = store.parts.range_of(recipe)
    if part is None or target.split is None:
        return config
    return target.split.pages.select(config, part.first, part.last)


def present_recipes(store: Store, target: ResolvedJob) -> set[int | None]:
    """Return the rows of the recipes by which a job's documents are processed today, whole or in parts."""
    keys = [target.recipe_key] + ([] if target.split is None else [target.split.recipe_key])
    return {store.documents.recipe_row(key) for key in keys}


def _ranges(store: Store, target: ResolvedJob) -> Iterator[int]:
    whole = None if target.split is None else store.documents.recipe_row(target.split.recipe_key)
    if whole is not None:
        yield from store.parts.ranges([whole])
