"""What `docbatch accept` and `docbatch waive` have in common: which documents, and what is said of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.options import selectors
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch import Acceptance, AcceptedDocument

VERSION = "docbatch/accept/v1"
LISTED = 20


def acceptance_options(command: Any) -> Any:
    """Give a command the options that both have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return selectors(command)


_OPTIONS = (
    click.option("--all", "every", is_flag=True, help="Every document that failed or is partial."),
    click.option("--reason", metavar="TEXT", help="Why it may stand, for who finds it accepted."),
    click.option("--withdraw", is_flag=True, help="End all that was said: the documents count again."),
    click.option(
        "--undo",
        is_flag=True,
        help="Take back what was said last: what was said before holds again, if anything was.",
    ),
    click.option("--dry-run", is_flag=True, help="Only say which."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text."),
)


def run(
    *,
    verb: str,
    until: str | float | None,
    globs: Sequence[str],
    reason: str | None,
    withdraw: bool,
    undo: bool,
    dry_run: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Do what was asked for and say it."""
    project = open_chosen()
    if withdraw and undo:
        raise click.UsageError("say one of --withdraw and --undo")
    if withdraw or undo:
        if reason is not None:
            raise click.UsageError(f"--reason has no meaning beside {'--undo' if undo else '--withdraw'}")
        call = project.undo_accept if undo else project.withdraw
        found = call(paths=globs, dry_run=dry_run, **chosen)
        said = _taken_back(found, dry_run=dry_run)
    else:
        if reason is None:
            raise click.UsageError("--reason TEXT is needed: why may it stand?")
        moment = datetime.fromtimestamp(until, UTC) if isinstance(until, float) else until
        found = project.accept(reason, until=moment, paths=globs, dry_run=dry_run, **chosen)
        said = f"would be {verb}" if dry_run else verb
    if as_json:
        _show_json(found, said, dry_run=dry_run)
        return
    _show(found, said)
    if found and not dry_run and not (withdraw or undo):
        say(f"undo it by '{_undoing(globs, chosen)}'")


def _show(found: "Sequence[AcceptedDocument]", said: str) -> None:
    from docbatch.core.report import plural, visible

    for each in found[:LISTED]:
        before = "" if each.before is None else f" (before: {each.before.reason})"
        after = "" if each.after is None else f" (again: {each.after.text(time.time())})"
        say(visible(f"{each.path} in job '{each.job}': {each.kind}: {each.message}{before}{after}"))
    if len(found) > LISTED:
        say(f"and {len(found) - LISTED:,} more; --json names all")
    say(f"{plural(len(found), 'document')} {said}" if found else "none of them was accepted or waived")


def _show_json(found: "Sequence[AcceptedDocument]", said: str, *, dry_run: bool) -> None:
    for each in found:
        values = {**asdict(each), "before": _values(each.before), "after": _values(each.after)}
        values["class"] = values.pop("kind")
        say_json({"version": VERSION, "type": "document", **values})
    say_json(
        {"version": VERSION, "type": "summary", "documents": len(found), "said": said, "dry_run": dry_run}
    )


def _values(said: "Acceptance | None") -> dict[str, Any] | None:
    return None if said is None else said.values(time.time())


def _taken_back(found: "Sequence[AcceptedDocument]", *, dry_run: bool) -> str:
    """Say what becomes of documents of which something was taken back, after their number."""
    word = "counts" if len(found) == 1 else "count"
    counting = f"{'would count' if dry_run else word} again"
    as_before = sum(each.after is not None for each in found)
    if as_before == len(found) and found:
        return "would stand as said before" if dry_run else "as said before"
    return f"{counting}, but for {as_before:,} as said before" if as_before else counting


def _undoing(globs: Sequence[str], chosen: Mapping[str, Any]) -> str:
    from docbatch.core.next_steps import options, undoing

    selecting = options(chosen["jobs"], chosen["classes"], globs, chosen["labels"], chosen["older_than"])
    return undoing(selecting or " --all")
