"""The command `docbatch adopt`."""

from typing import TYPE_CHECKING

import click

from docbatch.cli import completion
from docbatch.cli.options import allow_host
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.engine.administration.adopt_unknown_work import Judgement


@click.command(name="adopt")
@click.argument("remote_id")
@click.option("--connection", metavar="NAME", required=True, help="The connection at whose vendor it is.")
@click.option(
    "--job", metavar="JOB", shell_complete=completion.jobs, help="Only for the documents of this job."
)
@click.option("--of-project", metavar="ID", help="Also where this other project sent it.")
@click.option("--dry-run", is_flag=True, help="Only look and say what would be taken over.")
@allow_host
def command(
    remote_id: str,
    *,
    connection: str,
    job: str | None,
    of_project: str | None,
    dry_run: bool,
    allowed_hosts: tuple[str, ...],
) -> int:
    """Take over a batch by its id at the vendor: its documents are followed and collected, and not paid again.

    REMOTE_ID is the id of the batch, or of a run in it. It has to be work of this project that the state does not know;
    'docbatch recover' takes over all of that. Nothing is sent.

    Nothing undoes this, and nothing needs to: the work is this project's own, and is collected.
    """
    from docbatch.cli.workspace import declared_project
    from docbatch.core.errors import UsageError
    from docbatch.engine.administration.adopt_batch import adopt
    from docbatch.engine.administration.recover_work import Search
    from docbatch.specs.load import load_jobs

    project = declared_project()
    jobs = load_jobs(project, reads_input=True)
    meant = [each for each in jobs if job in {None, each.name}]
    if not meant:
        names = ", ".join(each.name for each in jobs)
        raise UsageError(f"there is no job '{job}'", hint=f"there are {names or 'none'}")
    search = Search(
        jobs=meant,
        folder=project.state_folder,
        project=project.mark,
        is_all=job is None,
        connections=tuple(project.connections.values()),
        allowed_hosts=frozenset(allowed_hosts),
        only=connection,
        dry_run=dry_run,
        of_project=of_project,
        prices=lambda: project.prices,
        stores=project.stores,
    )
    found = adopt(search, connection, remote_id, lambda _notice: None)
    return _tell(found, remote_id, of_project or project.mark, dry_run=dry_run)


def _tell(found: "Judgement", remote_id: str, project: str, *, dry_run: bool) -> int:
    from docbatch.core.report import plural, visible

    what = f"{remote_id}: {plural(found.documents, 'document')}"
    job = None if found.target is None else found.target.name
    values = {"remote_id": remote_id, "documents": found.documents, "taken": len(found.wanted), "job": job,
              "verdict": str(found.verdict), "dry_run": dry_run}  # fmt: skip
    if job is None:
        why = found.why or "they are known already, or no longer wanted"
        tell("work", visible(f"{what}: {why}; it is left alone"), why=why, **values)
        return 6
    taken = "would be taken over" if dry_run else "taken over"
    tell("work", visible(f"{what}: {len(found.wanted):,} {taken} for job {job}"), why=found.why, **values)
    if not dry_run:
        submission = found.found.marker.removeprefix(f"{project}-")
        say("'docbatch apply' follows and collects it")
        say(
            visible(
                f"'docbatch resolve {submission} --give-up' lets go of it again; what it holds counts as failed then"
            )
        )
    return 0
