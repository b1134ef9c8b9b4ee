"""Where a job's manifest lies: inside the project, by a template that knows the job."""

import os
from collections.abc import Mapping
from pathlib import Path

from docbatch.naming.templates import TemplateError, compile_template
from docbatch.specs.forbidden_places import forbidden
from docbatch.specs.values import DeclaredProject

USUAL = "out/{{ job.name }}/manifest.json"
SUFFIX = ".json"


def manifest_place(written: bool | str, project: DeclaredProject, job: Mapping[str, object]) -> Path | None:
    """Return the absolute path of a job's manifest, None where it has none. Raises TemplateError."""
    if written is False:
        return None
    bound = compile_template(USUAL if written is True else written).bind(
        {"vars": project.variables, "job": dict(job)}
    )
    if bound.lookups:
        raise TemplateError(
            f"{bound.lookups[0]} cannot be used here: a job has one manifest",
            hint=f"use job or vars, as in {USUAL}",
        )
    text = bound.literal_root
    place = Path(os.path.normpath(project.root / text))
    if told := forbidden(project.root, text, place, is_written=True):
        raise TemplateError(told[0], hint=told[1])
    if not place.is_relative_to(project.root) or place == project.root:
        raise TemplateError("a manifest lies inside the project", hint=f"such as {USUAL}")
    if not place.name.endswith(SUFFIX):
        raise TemplateError(f"a manifest's name ends in {SUFFIX}", hint=f"such as {USUAL}")
    return place
