"""The command `docbatch retry`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli import completion
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.options import of_standing, selectors
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch import QueuedDocuments, TakenBack


@click.command(name="retry")
@click.argument("job", required=False, shell_complete=completion.jobs)
@selectors
@of_standing
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Also what would end the same way and be charged again, and what is accepted.",
)
@click.option(
    "--undo", is_flag=True, help="Take back what is queued and not sent yet: it stands as it did before."
)
@click.option("--dry-run", is_flag=True, help="Only say which.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    job: str | None,
    *,
    jobs: tuple[str, ...],
    globs: tuple[str, ...],
    states: tuple[str, ...],
    failed: bool,
    every: bool,
    undo: bool,
    dry_run: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Queue failed and partial documents again; the next apply sends them. What has a full result is left alone.

    What was read of a partial document is kept until another try gives more. Where that costs money, what would end the same
    way, such as corrupt and partial documents, is left out unless --class or --all asks for it. What is accepted is left out,
    too.
    """
    named = (*jobs, *([] if job is None else [job]))
    if undo:
        if every:
            raise click.UsageError(
                "--all has no meaning beside --undo, which takes back all that is queued unless selectors say less"
            )
        if states or failed:
            raise click.UsageError(
                "what is taken back waits to be sent: how documents stand has no meaning for it"
            )
        taken = open_chosen().take_back(jobs=named, paths=globs, dry_run=dry_run, **chosen)
        (_show_taken_json if as_json else _show_taken)(taken, dry_run=dry_run)
        return
    found = open_chosen().retry(
        jobs=named, paths=globs, states=states, failed=failed, every=every, dry_run=dry_run, **chosen
    )
    if as_json:
        _show_json(found, dry_run=dry_run)
    else:
        from docbatch.core.report import visible

        _show(found, dry_run=dry_run)
        if found and not dry_run:
            say(visible(f"until they are sent, '{found.undoing}' takes it back"))


def _show(found: "QueuedDocuments", *, dry_run: bool) -> None:
    from docbatch.core.report import plural, visible

    for each in found:
        say(visible(f"{each.path} in job '{each.job}': {each.reason}"))
    verb = "would be queued" if dry_run else "queued; run 'docbatch apply'"
    say(f"{plural(len(found), 'document')} {verb}" if found else "nothing to retry")
    if found.waiting:
        say(f"{plural(found.waiting, 'document')} queued earlier: 'docbatch apply' sends what waits")
    if found.accepted:
        say(
            f"{plural(found.accepted, 'document')} left out, which the exit code does not count: 'docbatch failures' says why"
        )
    if found.left_out:
        say(_told(found.options, found.left_out))
    if found.remark is not None:
        say(visible(found.remark))


def _show_json(found: "QueuedDocuments", *, dry_run: bool) -> None:
    for each in found:
        say_json({"version": VERSION, "type": "queued", **asdict(each)})
    summary = {"documents": len(found), "left_out": dict(found.left_out), "accepted": found.accepted,
               "waiting": found.waiting, "dry_run": dry_run, "remark": found.remark}  # fmt: skip
    say_json({"version": VERSION, "type": "summary", **summary})


def _show_taken(taken: "TakenBack", *, dry_run: bool) -> None:
    from docbatch.core.report import plural, visible

    for each in taken.documents:
        say(visible(f"{each.path} in job '{each.job}': {each.reason}"))
    for each in taken.left[:LISTED]:
        say(visible(f"not taken back: {each.path} in job '{each.job}': {each.reason}"))
    if len(taken.left) > LISTED:
        say(f"and {len(taken.left) - LISTED:,} more that were sent; --json names all")
    word = "would be taken back" if dry_run else "taken back: as before, not queued any more"
    said = f"{plural(len(taken.documents), 'document')} {word}"
    say(said if taken.documents else "nothing to undo: nothing that was queued again waits to be sent")
    if taken.remark is not None:
        say(visible(taken.remark))


def _show_taken_json(taken: "TakenBack", *, dry_run: bool) -> None:
    for kind, documents in (("taken_back", taken.documents), ("left", taken.left)):
        for each in documents:
            say_json({"version": VERSION, "type": kind, **asdict(each)})
    summary = {
        "documents": len(taken.documents),
        "left": len(taken.left),
        "dry_run": dry_run,
        "remark": taken.remark,
    }
    say_json({"version": VERSION, "type": "summary", **summary})


VERSION = "docbatch/retry/v1"
LISTED = 20


def _told(options: str, left_out: Mapping[str, int]) -> str:
    """Say what was left out and why, and the command that takes it along."""
    from docbatch.core.report import plural

    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
    named = "".join(f" --class {kind}" for kind in sorted(left_out))
    return (
        f"{plural(sum(left_out.values()), 'document')} left out ({kinds}): the same bytes end the same way, and may be charged again;"
        f" 'docbatch retry{options}{named}' queues them all the same"
    )
