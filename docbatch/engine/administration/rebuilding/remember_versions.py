"""Versions of what moves by itself, as manifests have them, for jobs of which the state knows none any more.

Resolved anew, `latest` may be another by now; then no document is one that was paid, here or at its vendor.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from docbatch.core.errors import SinkError
from docbatch.core.keys import recipe_key
from docbatch.core.manifest import ManifestHead, NoManifest
from docbatch.core.models import Recipe
from docbatch.engine.administration.outputs.read_manifest import opened_below, read
from docbatch.engine.planning.resolve_jobs import unpinned_recipe
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.tree import Tree
from docbatch.specs.values import Job


def remembered_versions(project: Path, jobs: Iterable[Job]) -> dict[str, Mapping[str, str]]:
    """Return, by job, the versions under which the documents of its manifest were read, where that is one set of them.

    A manifest that cannot be read has none; who reads its documents says why.
    """
    found: dict[str, Mapping[str, str]] = {}
    for job in jobs:
        recipe = None if job.manifest is None else unpinned_recipe(job)
        if job.manifest is None or recipe is None:
            continue
        try:
            with Tree(project) as tree:
                place = os.path.relpath(os.fsencode(job.manifest), os.fsencode(project))
                with opened_below(tree, place) as file:
                    versions = _versions(read(file)[0], recipe)
        except (NoManifest, UnsafeOutput, SinkError, OSError):
            continue
        if len(versions) == 1:
            found[job.name] = versions[0]
    return found


def _versions(head: ManifestHead, recipe: Recipe) -> list[Mapping[str, str]]:
    """Return the versions of recipes that are a job's own but for these: their keys say so."""
    return [
        each.versions
        for each in head.recipes.values()
        if each.key == recipe_key(replace(recipe, pins=each.versions))
    ]
