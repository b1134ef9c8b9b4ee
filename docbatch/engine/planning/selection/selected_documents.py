"""A job's source as the job narrows it. What is known of listed documents by name counts before any of them is looked at."""

from collections.abc import Collection
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from docbatch.sources.base import Source
from docbatch.sources.sampling import Sample, rank
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.specs.values import Job

if TYPE_CHECKING:
    from docbatch.sources.listed import ListedSource
    from docbatch.sources.selecting.selected import LeftOutBefore


def selected(job: Job, source: Source) -> Source:
    """Return the source, or what a job takes of it."""
    rules = job.source.selection
    if not rules:
        return source
    from docbatch.sources.listed import ListedSource  # noqa: PLC0415 - few jobs select
    from docbatch.sources.selecting.selected import SelectedSource  # noqa: PLC0415 - the same

    before = None
    listing = job.source.listing
    if isinstance(source, ListedSource) and listing is not None and not listing.unread:
        rules, before = _without_left_out(source, rules)
    conditions = rules.conditions
    if conditions is None or conditions.pages is None:
        return SelectedSource(source, rules, before=before)
    from docbatch.engine.planning.selection.count_pages import PageCounter  # noqa: PLC0415 - few jobs ask for pages

    return SelectedSource(source, rules, PageCounter(untrusted=job.connection.untrusted), before)


def _without_left_out(
    source: "ListedSource", rules: SelectionRules
) -> "tuple[SelectionRules, LeftOutBefore]":
    """Take from a list what names alone leave out, so that no link of it is fetched; return the rules that are left."""
    from docbatch.sources.selecting.selected import LeftOutBefore  # noqa: PLC0415 - few jobs select

    metadata = {path: rules.metadata(path, source.metadata(path)) for path in source.listing.paths}
    reasons: dict[bytes, str] = {}
    conditions = rules.conditions
    if conditions is not None:
        told = ((path, conditions.left_out_by_metadata(known)) for path, known in metadata.items())
        reasons = {path: f"where leaves it out: {why}" for path, why in told if why is not None}
        rules = replace(
            rules, conditions=None if conditions.is_of_names else replace(conditions, metadata={})
        )
    filtered, sampled = len(reasons), None
    if rules.sample is not None and rules.conditions is None:
        left = [path for path in metadata if path not in reasons]
        taken = _sample(left, rules.sample)
        reasons |= dict.fromkeys((path for path in left if path not in taken), "the sample does not have it")
        sampled = len(taken), len(left)
        rules = replace(rules, sample=None)
    whole = copy(source)
    if reasons:
        source.listing = source.listing.only(metadata.keys() - reasons.keys())
    return rules, LeftOutBefore(reasons, filtered, sampled, whole)


def _sample(paths: Collection[bytes], sample: Sample) -> Collection[bytes]:
    if sample.number is None:
        return set(filter(sample.has, paths))
    return set(sorted(paths, key=rank)[: sample.number])
