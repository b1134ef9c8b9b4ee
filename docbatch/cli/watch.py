"""The command `docbatch watch`."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli import json_lines
from docbatch.cli.options import allow_host, duration, metrics, report
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch import ApplyOutcome, Interruption, PlanReport, Project, Settling
    from docbatch.api.watched_rounds import WatchedRounds


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The options, as they were given."""

    settle: str
    every: str
    max_new: int | None
    allowed_hosts: tuple[str, ...]
    report_folder: Path | None
    metrics_file: Path | None
    yes: bool


@click.command(name="watch")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--settle",
    metavar="DURATION",
    default="5s",
    show_default=True,
    help="Take a file once it has been the same for this long.",
)
@click.option(
    "--every",
    metavar="DURATION",
    default="10m",
    show_default=True,
    help="Look at everything at least so often: buckets and file servers tell of no changes.",
)
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option(
    "--max-new",
    type=click.IntRange(min=0),
    metavar="N",
    help="Send at most N documents in each round that were not sent before.",
)
@allow_host
@report
@metrics
def command(paths: tuple[Path, ...], **given: Any) -> int:
    """Apply, and again whenever files, lists or specs have changed and settled. SIGTERM and Ctrl-C end it.

    Each round is an apply, with the same limits, guards and approvals; what it refuses ends nothing.
    """
    from docbatch.api.watched_rounds import WatchedRounds
    from docbatch.cli.chosen_project import chosen
    from docbatch.cli.interruption import interruptible
    from docbatch.cli.watch_words import tell_notice
    from docbatch.specs.chosen_environment import Choice

    options = WatchOptions(**given)
    settle, every = duration("--settle", options.settle), duration("--every", options.every)
    _require(paths, options)
    watched = WatchedRounds(
        Path.cwd(), paths or None, settle=settle, every=every, tell=tell_notice, choice=Choice(*chosen())
    )
    with contextlib.closing(watched), interruptible() as stop:
        stop.calls_away = watched.is_due
        return _keep_on(watched, _Rounds(paths, options, watched.settling, stop, every))


def _keep_on(watched: "WatchedRounds", rounds: "_Rounds") -> int:
    try:
        watched.keep_on(rounds.apply)
    except KeyboardInterrupt:
        if rounds.is_in_one:
            raise
        say("ended: nothing was under way; the same command goes on", err=True)
        return 0
    return 130


def _require(paths: tuple[Path, ...], options: WatchOptions) -> None:
    from importlib.util import find_spec

    from docbatch import UsageError

    if find_spec("watchfiles") is None:
        raise UsageError(
            "watching files needs watchfiles, which is not installed",
            hint="run pip install 'docbatch[watch]'",
        )
    if options.metrics_file is not None:
        from docbatch.cli.metrics import require_metrics

        require_metrics(options.metrics_file, paths)


@dataclass
class _Rounds:
    """What each round does, and what was told of those before: what stays as it was is not told again."""

    paths: tuple[Path, ...]
    options: WatchOptions
    settling: "Settling"
    stop: "Interruption"
    patience: float
    is_in_one: bool = False
    number: int = 0
    plan: str = ""
    ended: str = ""
    declined: str | None = None
    _did: bool = field(default=False, init=False)

    def apply(self, project: "Project") -> bool:
        """Do a round; say whether others may follow."""
        from docbatch.cli.job_progress import ExpectedDocuments, expected_documents
        from docbatch.cli.progress import watcher

        self.number += 1
        self._did = False
        with self._under_way(project), watcher(as_json=json_lines.current() is not None) as shown:

            def announce(report: "PlanReport") -> bool:
                agreed = self._agrees(report)
                shown.expect(
                    expected_documents(report, self.options.max_new) if agreed else ExpectedDocuments()
                )
                return agreed

            outcome = project.apply(
                self.paths or None,
                on_event=shown,
                agree=announce,
                max_new=self.options.max_new,
                allow_hosts=self.options.allowed_hosts,
                report=self.options.report_folder,
                stop=self.stop,
                lock_timeout=self.patience,
                settling=self.settling,
            )
        self._conclude(outcome, shown.told)
        self._measure(project, outcome)
        return not outcome.interrupted

    @contextlib.contextmanager
    def _under_way(self, project: "Project") -> Iterator[None]:
        self.is_in_one = True
        try:
            yield
        except Exception as error:
            self._measure(project, None, getattr(error, "exit_code", 1))
            self.is_in_one = False
            raise
        self.is_in_one = False

    def _agrees(self, report: "PlanReport") -> bool:
        """Show a plan that has something to do and is another than the last, and ask where money is spent and somebody is there."""
        from docbatch.core.plan_formats.as_json import plan_json
        from docbatch.core.plan_formats.as_text import plan_text

        text = plan_text(report, most_new=self.options.max_new)
        if report.has_changes and text != self.plan:
            self._did = True
            if json_lines.current() is None:
                say(text, nl=False)
            else:
                say_json(plan_json(report))
        self.plan = text
        if report.free or not report.send_items or self.options.yes or not sys.stdin.isatty():
            return True
        if text == self.declined:
            return False
        agreed = click.confirm("Send them?", err=True)
        self.declined = None if agreed else text
        return agreed

    def _conclude(self, outcome: "ApplyOutcome", told: "Any") -> None:
        from docbatch.cli.apply import outcome_line
        from docbatch.cli.words import errors_text, outcome_text

        text = outcome_text(outcome) + errors_text(outcome, frozenset(told))
        is_other, self.ended = text != self.ended, text
        if json_lines.current() is not None:
            line = outcome_line(outcome)
            say_json({**line, "version": "docbatch/watch/v1", "type": "round", "round": self.number})
        elif self._did or (is_other and (outcome.errors or any(job.documents for job in outcome.jobs))):
            say(outcome_text(outcome), nl=False)
            say(errors_text(outcome, frozenset(told)), nl=False, err=True)
            if not outcome.interrupted:
                say("waiting for changes; Ctrl-C ends it", err=True)
        if outcome.interrupted:
            from docbatch.cli.interruption import interrupted_text

            say(interrupted_text(outcome.remaining), err=True)

    def _measure(self, project: "Project", outcome: "ApplyOutcome | None", code: int | None = None) -> None:
        if self.options.metrics_file is None:
            return
        from docbatch.cli.metrics import write_metrics

        write_metrics(
            self.options.metrics_file, project, outcome, code if outcome is None else outcome.exit_code
        )
