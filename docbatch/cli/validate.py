"""The command `docbatch validate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch import EnvironmentNeeded
from docbatch.cli import json_lines, options
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, tell
from docbatch.core.report import remarks_told_once

if TYPE_CHECKING:
    from docbatch import Project


@click.command(name="validate")
@options.untrusted
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...], *, untrusted: bool) -> None:
    """Check specs and say every error at once. No network, no keys, no commands.

    Environments of docbatch.yaml are all checked, whichever is named.
    """
    project = _project(untrusted=untrusted)
    jobs = project.validate(paths or None)
    if json_lines.current() is None:
        names = ", ".join(job.name for job in jobs)
        say(f"valid: {names}" if names else "valid, and empty: there is no job")
        if project.environments:
            say(f"in the environments {', '.join(project.environments)}")
    for job in jobs:
        tell("job", None, job=job.name, connection=job.connection)
    for remark in project.remarks(paths or None):
        say(f"warning: {remark}", err=True)
        tell("warning", None, message=str(remark))
    cautions = [(job.name, caution) for job in jobs for caution in job.cautions]
    for caution in remarks_told_once(cautions):
        say(f"warning: {caution}", err=True)
    for name, caution in cautions:
        tell("warning", None, job=name, message=str(caution))


def _project(*, untrusted: bool) -> "Project":
    """Open the project; where only its environments can be used and none is named, in the first: all are checked from there."""
    try:
        return open_chosen(untrusted=untrusted)
    except EnvironmentNeeded as needed:
        return open_chosen(untrusted=untrusted, environment=needed.environments[0])
