"""The command `docbatch drift`."""

from typing import TYPE_CHECKING

import click

from docbatch.cli import completion
from docbatch.cli.difference_words import Teller
from docbatch.cli.options import allow_host
from docbatch.cli.output import say
from docbatch.cli.workspace import existing

if TYPE_CHECKING:
    from docbatch.core.output_differences import DifferenceKind

_HINTS: "dict[DifferenceKind, str]" = {
    "altered": "'docbatch apply' writes altered outputs again, free of charge, and keeps what stood there in the trash",
    "removed": "'docbatch apply' writes removed outputs again, free of charge",
    "moved": "'docbatch apply' writes moved outputs where they were, free of charge; what was moved stays where it is now",
    "added": "what was added is left alone: docbatch did not write it",
}


@click.command(name="drift")
@click.argument("job", required=False, shell_complete=completion.jobs)
@click.option("--deep", is_flag=True, help="Read every output, also those that look as they were left.")
@allow_host
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(job: str | None, *, deep: bool, allowed_hosts: tuple[str, ...], as_json: bool) -> int:
    """Say which outputs were altered, removed, added or moved since docbatch wrote them. Writes nothing.

    Outputs are compared with what the state knows of them: with times and sizes, or ETags in stores, and where these differ
    with the bytes; rows on a server by what stands for them there. Nothing but stores and servers that outputs lie in is asked over
    the network.
    Ends with 2 where something differs, so that a schedule notices.
    """
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.edit_state import named_jobs
    from docbatch.engine.administration.held_rows.held_places import DeclaredSinks
    from docbatch.engine.administration.outputs.find_drift import DriftSearch, find_drift
    from docbatch.naming.declared_sinks import DeclaredIdentities
    from docbatch.specs.load import load_jobs

    project = declared_project()
    folder = project.state_folder
    jobs = load_jobs(project)
    consumed = DeclaredIdentities(
        sink.identity for each in jobs for sink in each.sinks if not sink.options.rewrites_missing
    )
    with existing(folder) as store:
        named_jobs(store, job)
        if store.home.is_held():
            say(
                "a run goes on: outputs that it writes at this moment may be told as altered or added",
                err=True,
            )
        declared = DeclaredSinks(lambda: jobs, project.mark)
        search = DriftSearch(job, deep, consumed, project.stores, allowed_hosts, declared)
        teller = Teller("drift", as_json=as_json)
        found = find_drift(store, search, teller.tell)
    return teller.conclude(found, [hint for kind, hint in _HINTS.items() if found.counts[kind]])
