"""The command `docbatch recover`."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from docbatch.cli import json_lines
from docbatch.cli.options import allow_host
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch import Notice
    from docbatch.engine.administration.adopt_unknown_work import Judgement
    from docbatch.engine.administration.recover_work import Recovered


@click.command(name="recover")
@click.option("--connection", metavar="NAME", help="Look on this connection only.")
@click.option(
    "--abandon",
    "abandoned",
    multiple=True,
    metavar="MARKER",
    help="Never follow this work; its documents may be sent, and paid, again.",
)
@click.option(
    "--absent",
    multiple=True,
    metavar="CONNECTION",
    help="You made sure that this connection has nothing the state does not know.",
)
@click.option(
    "--without-manifests", is_flag=True, help="Take nothing back from outputs that manifests of jobs list."
)
@click.option("--dry-run", is_flag=True, help="Only look and say what would be taken over.")
@click.option("--yes", is_flag=True, help="Do not ask before anything is taken over.")
@allow_host
def command(
    *,
    connection: str | None,
    abandoned: tuple[str, ...],
    absent: tuple[str, ...],
    without_manifests: bool,
    dry_run: bool,
    yes: bool,
    allowed_hosts: tuple[str, ...],
) -> int:
    """Take back results that lie in outputs, and take over work that vendors have of this project and the state does not know.

    For a state that was lost or restored from a backup: 'docbatch apply' sends nothing then. Nothing is sent by this
    command either. Results come from outputs of 'format: json' that the manifests of jobs list; only use those of a
    checkout you trust. What is taken over, the next apply delivers, follows and collects without paying again.

    Nothing undoes what is taken over from vendors: it is known from then on, and what is abandoned is never followed.
    Look with --dry-run first.
    """
    from docbatch.cli.rebuild_words import rebuild_watch, rebuilt_lines
    from docbatch.cli.workspace import declared_project
    from docbatch.engine.administration.recover_work import Search, recover
    from docbatch.specs.load import load_jobs

    project = declared_project()
    search = Search(
        jobs=load_jobs(project, reads_input=True),
        folder=project.state_folder,
        project=project.mark,
        is_all=True,
        connections=tuple(project.connections.values()),
        allowed_hosts=frozenset(allowed_hosts),
        only=connection,
        absent=frozenset(absent),
        abandoned=frozenset(abandoned),
        dry_run=dry_run,
        prices=lambda: project.prices,
        stores=project.stores,
    )

    def announce(judgements: Sequence["Judgement"]) -> bool:
        return _announce(judgements, frozenset(abandoned), ask=not (yes or dry_run))

    watch = None if without_manifests else rebuild_watch(ask=not (yes or dry_run))
    outcome = recover(search, _observe, announce, watch)
    rebuilt = rebuilt_lines(outcome.rebuilt, is_sure=outcome.knows_vendors, dry_run=dry_run)
    for line in (*rebuilt, *_conclusion(outcome, dry_run=dry_run)):
        say(line)
    _complain(outcome)
    return outcome.exit_code


def _observe(notice: "Notice") -> None:
    from docbatch import Waiting
    from docbatch.core.report import span

    if isinstance(notice, Waiting) and notice.seconds >= 1:
        say(f"waiting {span(notice.seconds)}: {notice.reason}", err=True)


def _announce(judgements: Sequence["Judgement"], abandoned: frozenset[str], *, ask: bool) -> bool:
    from docbatch.core.report import plural, visible

    for each in judgements:
        found = each.found
        tell(
            "work",
            visible(
                f"{found.connection}: {found.marker}: {plural(each.documents, 'document')}: {_what(each)}"
            ),
            connection=found.connection,
            marker=found.marker,
            documents=each.documents,
            verdict=str(each.verdict),
            taken=len(each.wanted),
            known=each.known,
            unwanted=each.unwanted,
            why=each.why,
        )
        for line in _advice(each) if json_lines.current() is None else ():
            say(visible(line))
    for marker in sorted(abandoned - {each.found.marker for each in judgements}):
        say(
            visible(
                f"{marker}: no vendor has such work that the state does not know; there is nothing to abandon"
            )
        )
    if not judgements or not (ask and sys.stdin.isatty()):
        return True
    return click.confirm("Take it over?", err=True)


def _what(judgement: "Judgement") -> str:
    match judgement.verdict:
        case "taken":
            rest = (
                (f"{judgement.known:,} known already", judgement.known),
                (
                    f"{judgement.unwanted:,} that no job wants",
                    judgement.unwanted,
                ),
            )
            return ", ".join(
                [f"{len(judgement.wanted):,} taken over", *(text for text, some in rest if some)]
            )
        case "known" if judgement.why:
            return f"{judgement.why}; nothing waits to be sent there, so it is left alone"
        case "known":
            return "known already, or no longer wanted"
        case "abandoned":
            return "given up; it is never followed, and its documents may be sent again"
        case _:
            return f"left: {judgement.why}"


def _advice(judgement: "Judgement") -> Iterator[str]:
    from docbatch.engine.administration.adopt_unknown_work import UnknownWorkVerdict

    if judgement.verdict is UnknownWorkVerdict.LEFT:
        yield "  while it is left, apply sends nothing on this connection: the same documents would be paid again"
        yield "  put documents and jobs back as they were and run this again; where that cannot be, give it up with"
        yield f"  'docbatch recover --abandon {judgement.found.marker}'"


def _conclusion(outcome: "Recovered", *, dry_run: bool) -> Iterator[str]:
    from docbatch.engine.administration.adopt_unknown_work import UnknownWorkVerdict

    if outcome.declined:
        kept = "; what was taken back from outputs stays" if outcome.rebuilt.taken else ""
        yield f"Nothing was taken over{' from vendors' if kept else ''}{kept}."
        return
    if not outcome.judgements:
        yield _nothing_found(outcome)
    verdicts = {each.verdict for each in outcome.judgements}
    if outcome.restored is not None and outcome.is_trusted and UnknownWorkVerdict.LEFT not in verdicts:
        yield f"The state {'would be' if dry_run else 'is'} trusted again."
    elif not outcome.is_trusted:
        yield f"The state is not trusted yet: {outcome.restored}."
        for name, why in outcome.unsearched.items():
            yield f"  '{name}' was not searched: {why}"
        yield "  Search it as well, or look there yourself and say so with '--absent CONNECTION'."
    if dry_run:
        yield "Nothing was changed."
    elif UnknownWorkVerdict.TAKEN in verdicts:
        yield "'docbatch apply' follows and collects what was taken over."


def _nothing_found(outcome: "Recovered") -> str:
    if not outcome.asked:
        return "no vendor was asked: no connection that could be asked charges anything"
    silent = [f"'{name}'" for name in outcome.asked if name in outcome.unsearched]
    if silent:
        return f"{', '.join(silent)} could not be searched, see below; no other work was found that the state does not know"
    return "no vendor was found to have work that the state does not know"


def _complain(outcome: "Recovered") -> None:
    from docbatch.core.report import visible

    for error in outcome.errors:
        say(f"error: {visible(error.message)}", err=True)
        tell("error", None, message=error.message, hint=error.hint, exit_code=error.exit_code)
        if error.hint:
            say(f"  {error.hint}", err=True)
