"""The sentences about a plan that all formats share. What others named in them is not escaped yet."""

from collections.abc import Iterator, Mapping, Sequence

from docbatch.core.plan_formats.figures import money
from docbatch.core.recipe_changes import Difference
from docbatch.core.report import (
    Action,
    KeptVersions,
    NotDue,
    PlanLine,
    PlanReport,
    SelectedPart,
    StateKnown,
    human,
    named_versions,
    plural,
    span,
)

WORTH_SAYING = 10.0
"""Seconds that handing documents over takes at least, from which on that is said; JSON has it in any case."""
LONGEST_VALUE = 120
"""Characters that are shown of a value that changed; JSON has all of it."""

SIGNS: Mapping[Action, str] = {
    "submit": "+",
    "resend": "+",
    "retry": "+",
    "collect": "…",
    "deliver": "→",
    "restore": "↺",
    "refuse": "!",
    "failed": "!",
    "held": "?",
    "orphaned": "-",
    "skip": "·",
    "look": "*",
}
VERBS: Mapping[str, str] = {
    "submit": "to be sent",
    "resend": "to be sent",
    "retry": "to be sent",
    "collect": "with the provider",
    "deliver": "to be written, free of charge",
    "restore": "to be brought back, free of charge",
    "refuse": "cannot be sent",
    "failed": "failed earlier",
    "held": "held for a decision",
    "orphaned": "no longer wanted",
    "skip": "skipped",
    "look": "not looked at yet",
}
FREE: frozenset[Action] = frozenset({"deliver", "restore"})
"""What costs nothing, whoever the provider is."""
STATES: Mapping[StateKnown, str] = {
    "none": "there is no state here: what was paid before is not known, and all numbers are an upper bound, even those that say at least",
    "empty": "the state is empty: nothing is recorded in it yet",
    "recorded": "",
}


def head(report: PlanReport) -> str:
    where = "" if report.environment is None else f"environment {report.environment}: "
    return (
        f"{where}{plural(len(report.jobs), 'job')}, {plural(report.found, 'document')} found,"
        f" {report.unchanged:,} unchanged and delivered"
    )


def part(selected: SelectedPart) -> str:
    """Say of which part of the project a plan is."""
    return ". ".join(_part(selected)) + "."


def _part(selected: SelectedPart) -> Iterator[str]:
    yield f"Selected: {selected.options}"
    if selected.others:
        yield f"{plural(selected.others, 'other job')} left alone"
    if selected.documents == 0:
        yield "Nothing that is due matches"
    if selected.left_out:
        due = ", ".join(f"{count:,} {VERBS[action]}" for action, count in selected.left_out.items())
        yield f"Due and not selected: {due}"


def jobs(report: PlanReport) -> Iterator[tuple[str, Sequence[PlanLine], NotDue | None]]:
    """Yield each job with what is due for it, what is sent first, and why the rest is not; those no longer declared come last."""
    rest = {each.job: each for each in report.not_due}
    lines: dict[str, list[PlanLine]] = {job: [] for job in report.jobs}
    for line in report.lines:
        lines.setdefault(line.job, []).append(line)
    for job, due in lines.items():
        if due or job in rest:
            yield job, sorted(due, key=lambda line: line.kind != "send"), rest.get(job)


def what(line: PlanLine) -> str:
    """Say what is due and why, once where the reason says it already."""
    verb = VERBS[line.action]
    says_it = line.action == "orphaned" or line.reason.startswith(verb)
    return line.reason if says_it else f"{verb}: {line.reason}"


def change(value: Difference) -> str:
    return f"{value.what}: {_short(value.old)} → {_short(value.new)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def why_not(rest: NotDue) -> str:
    """Say why nothing is due for the rest of a job."""
    return "; ".join(_why_not(rest))


def _why_not(rest: NotDue) -> Iterator[str]:
    if rest.unchanged:
        yield f"{rest.unchanged:,} unchanged" + ("" if rest.ignored else ", outputs as they were")
    if rest.ignored:
        yield f"{plural(rest.ignored, 'output')} gone, left so (on_missing: ignore)"
    if rest.failed:
        yield f"{rest.failed:,} failed earlier, {_tried_again(rest)}"
    if rest.held:
        yield f"{rest.held:,} held"
    if rest.left_out:
        yield f"{plural(rest.left_out, 'file')} left out"
    if rest.filtered:
        yield f"{rest.filtered:,} left out by where"
    if rest.sample is not None:
        taken, among = rest.sample
        yield f"a sample of {taken:,} of {among:,}"


def _tried_again(rest: NotDue) -> str:
    if not rest.later:
        return "not tried again"
    return "tried again later" if rest.later >= rest.failed else f"{rest.later:,} of them tried again later"


def kept_to(kept: KeptVersions) -> str:
    return named_versions(kept.versions) if kept.known else "what apply finds when it first asks"


def of_guards(report: PlanReport) -> Iterator[str]:
    """Yield what apply would refuse, what a plan is approved with, and what would allow it; some are of several lines."""
    yield from (f"apply would refuse this: {each.message}" for each in report.objections)
    if report.approval is not None:
        yield f"digest to approve: {report.approval}"
    if report.remedy:
        yield report.remedy


def on_one_line(text: str) -> str:
    return "; ".join(map(str.strip, text.splitlines()))


def summary(report: PlanReport, most_new: int | None = None) -> str:
    """Return what will be spent, in a sentence; by a run that sends so many new documents at most, where that is said."""
    if not report.has_changes:
        return "Nothing is due."
    unseen = sum(line.documents for line in report.lines if line.kind == "look")
    if unseen:
        found = f"; {plural(report.send_items, 'document')} so far" if report.send_items else ""
        return f"What will be sent is known once apply has looked at {plural(unseen, 'link')}{found}."
    if not report.send_items:
        return "Nothing will be sent."
    via = ", ".join(f"'{name}'" for name in sorted(report.connections))
    if most_new == 0:
        return f"Nothing is sent: {_sent(report)}, to {via}, wait for 'docbatch apply'."
    cost = "free of charge" if report.free else money(report)
    return f"Will send {_sent(report)}, to {via}: {cost}.{_bound(report, most_new)}{_least_time(report)}"


def _sent(report: PlanReport) -> str:
    saved = report.send_documents - report.send_items
    twins = f" ({plural(saved, 'duplicate')} sent once)" if saved else ""
    return f"{plural(report.send_items, 'document')}{twins}, {human(report.send_bytes)}"


def _bound(report: PlanReport, most_new: int | None) -> str:
    """Say of how many this run is, where that is not of all."""
    if most_new is None or most_new >= report.send_items:
        return ""
    return f" This run sends {most_new:,} of them at most; what is said of money is of all."


def _least_time(report: PlanReport) -> str:
    """Say how long handing over takes, where it does."""
    longest = max(report.least_seconds.values(), default=0.0)
    return f" Handing them over takes {span(longest)} at least." if longest >= WORTH_SAYING else ""
