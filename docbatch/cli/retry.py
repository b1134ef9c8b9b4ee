"""The command `docbatch retry`."""

from collections.abc import Mapping

import click

from docbatch import open_project
from docbatch.cli import completion
from docbatch.cli.output import say


@click.command(name="retry")
@click.argument("job", required=False, shell_complete=completion.jobs)
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="CLASS",
    help="Only documents of this class, such as timeout; lost means the partial ones, held those that may have been sent.",
)
@click.option("--all", "every", is_flag=True, help="Also what would end the same way and be charged again.")
@click.option("--dry-run", is_flag=True, help="Only say which.")
def command(job: str | None, classes: tuple[str, ...], *, every: bool, dry_run: bool) -> None:
    """Queue failed and partial documents again; the next apply sends them. What has a full result is left alone.

    What was read of a partial document is kept until another try gives more. Where that costs money, what would end the same
    way, such as corrupt and partial documents, is left out unless --class or --all asks for it.
    """
    from docbatch.core.report import plural, visible

    found = open_project().retry(job, classes=classes, every=every, dry_run=dry_run)
    for each in found:
        say(visible(f"{each.path}: {each.reason}"))
    verb = "would be queued" if dry_run else "queued; run 'docbatch apply'"
    say(f"{plural(len(found), 'document')} {verb}" if found else "nothing to retry")
    if found.left_out:
        say(_told(job, found.left_out))


def _told(job: str | None, left_out: Mapping[str, int]) -> str:
    """Say what was left out and why, and the command that takes it along."""
    from docbatch.core.report import plural

    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
    named = "".join(f" --class {kind}" for kind in sorted(left_out))
    return (
        f"{plural(sum(left_out.values()), 'document')} left out ({kinds}): the same bytes end the same way, and may be charged again;"
        f" 'docbatch retry{f' {job}' if job else ''}{named}' queues them all the same"
    )
