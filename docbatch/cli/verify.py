"""The command `docbatch verify`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch.cli import options
from docbatch.cli.difference_words import Teller
from docbatch.cli.output import say

if TYPE_CHECKING:
    from docbatch.specs.values import DeclaredProject


@click.command(name="verify")
@options.untrusted
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]...", type=click.Path(path_type=Path))
@click.option("--documents", is_flag=True, help="Compare the documents as well, as far as they are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(manifests: tuple[Path, ...], *, documents: bool, as_json: bool, untrusted: bool) -> int:
    """Check outputs against the manifests that jobs with 'manifest: true' write. No network, no state, no keys.

    Without MANIFEST those of all jobs are checked. Each output that was altered or removed is named, and each file in
    their folders that no manifest names. Ends with 2 where something differs.
    """
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.outputs.verify_manifests import ManifestCheck

    project = declared_project(untrusted=untrusted)
    teller = Teller("verify", as_json=as_json)
    check = ManifestCheck(project.root, teller.tell, with_documents=documents)
    errors = check.check([Path.cwd() / each for each in manifests or _declared(project)])
    for error in errors:
        say(f"error: {error.message}", err=True)
        say(f"  {error.hint}", err=True)
    hints = ("what removed documents left behind is named as added until 'docbatch prune' removes it",)
    return teller.conclude(check.result, hints if check.result.counts["added"] else (), failed=bool(errors))


def _declared(project: "DeclaredProject") -> Iterator[Path]:
    from docbatch.core.errors import UsageError
    from docbatch.specs.load import load_jobs

    found = {job.name: job.manifest for job in load_jobs(project) if job.manifest is not None}
    if not found:
        raise UsageError(
            "no job declares a manifest",
            hint="say 'manifest: true' in a job and run 'docbatch apply', or name a file",
        )
    for job, place in found.items():
        if not place.exists():
            raise UsageError(
                f"{place.relative_to(project.root)}: job '{job}' has no manifest yet",
                hint="'docbatch apply' writes it",
            )
        yield place.relative_to(project.here) if place.is_relative_to(project.here) else place
