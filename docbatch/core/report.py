"""Plans and states as text, Markdown and JSON. Pure: values in, text out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from docbatch.core.amounts import Bounds, said
from docbatch.core.extents import ExtentTotal
from docbatch.core.outside_text import escaped, markdown
from docbatch.core.recipe_changes import Difference

if TYPE_CHECKING:
    from docbatch.core.spending_guards import Objection

VERSION = "docbatch/plan/v1"

LONGEST_VALUE = 120
"""Characters that are shown of a value that changed; JSON has all of it."""

SIGNS = {
    "send": "+",
    "wait": "…",
    "deliver": "→",
    "restore": "↺",
    "fail": "!",
    "stand": "!",
    "held": "?",
    "remove": "-",
    "skip": "·",
    "look": "*",
}
VERBS = {
    "send": "to be sent",
    "wait": "with the provider",
    "deliver": "to be written, free of charge",
    "restore": "to be brought back, free of charge",
    "fail": "cannot be sent",
    "stand": "failed earlier",
    "held": "held for a decision",
    "remove": "no longer found",
    "skip": "skipped",
    "look": "not looked at yet",
}


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Documents of a job for which the same is due for the same reason; `examples` are (path, detail).

    `values` are those that changed, where that is why.
    """

    job: str
    kind: str
    reason: str
    documents: int
    size: int = 0
    examples: tuple[tuple[str, str], ...] = ()
    values: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A submission that is not through, and what is next for it."""

    submission: str
    connection: str
    status: str
    next: str


@dataclass(frozen=True, slots=True)
class ReadBy:
    """How many of a job's documents were read by which versions, where there are several; `current` are those installed."""

    job: str
    documents: int
    versions: Mapping[str, str]
    current: bool


@dataclass(frozen=True, slots=True)
class KeptVersions:
    """The versions a job keeps to of what moves by itself; `known` says whether they are resolved already."""

    job: str
    versions: Mapping[str, str]
    known: bool = True


@dataclass(frozen=True, slots=True)
class JobCost:
    """What a job's documents to be sent come to, in the provider's credits and in US dollars, both in millionths.

    `notes` say what makes it a range.
    """

    job: str
    credits: Bounds
    money: Bounds
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What apply would do. `send_items` counts what is paid: identical documents count once.

    `pages` says how much jobs send, where that was counted, and `costs` what that comes to, of jobs that cost anything.
    `objections` are those of guards, for which apply would refuse it, `remedy` says what would allow it; `approval` is the
    digest to approve it with, where somebody may have to.
    """

    jobs: tuple[str, ...]
    found: int
    unchanged: int
    lines: tuple[PlanLine, ...] = ()
    open: tuple[OpenWork, ...] = ()
    notes: tuple[str, ...] = ()
    send_documents: int = 0
    send_items: int = 0
    send_bytes: int = 0
    free: bool = True
    connections: Mapping[str, str] = field(default_factory=dict)
    read_by: tuple[ReadBy, ...] = ()
    versions: tuple[KeptVersions, ...] = ()
    pages: tuple[ExtentTotal, ...] | None = None
    costs: tuple[JobCost, ...] = ()
    objections: "tuple[Objection, ...]" = ()
    remedy: str = ""
    approval: str | None = None

    @property
    def has_changes(self) -> bool:
        due = {"send", "deliver", "restore", "fail", "remove", "look"}
        return bool(self.open) or any(line.kind in due for line in self.lines)

    def expected(self, most_new: int | None = None) -> int:
        """Return how many documents will end at a provider: those sent, `most_new` at most, and those with it already."""
        sent = self.send_items if most_new is None else min(self.send_items, most_new)
        return sent + sum(line.documents for line in self.lines if line.kind == "wait")


def plan_text(report: PlanReport) -> str:
    """Return the plan for a terminal, ending in a line break."""
    parts = [_head(report)]
    for job in report.jobs:
        lines = [line for line in report.lines if line.job == job]
        if lines:
            parts.append(f"\n{job}")
            parts.extend(text for line in lines for text in _line(line))
            parts.extend(f"      {_extent(each)}" for each in report.pages or () if each.job == job)
            parts.extend(text for each in report.costs if each.job == job for text in _cost(each))
    if report.open:
        parts.append("\nopen submissions")
        parts.extend(
            visible(f"  {each.submission}  {each.connection}  {each.status}: {each.next}")
            for each in report.open
        )
    if report.versions:
        parts.append("\nversions")
        parts.extend(f"  {each.job}: {_kept_to(each)}" for each in report.versions)
    parts.extend(f"\nnote: {visible(note)}" for note in report.notes)
    parts.extend(f"\n{each}" for each in _of_guards(report))
    parts.append("\n" + summary(report))
    return "\n".join(parts) + "\n"


def _of_guards(report: PlanReport) -> list[str]:
    """Say what apply would refuse, and what a plan is approved with."""
    told = [f"apply would refuse this: {each.message}" for each in report.objections]
    if report.approval is not None:
        told.append(f"digest to approve: {report.approval}")
    return [*told, report.remedy] if report.remedy else told


def _head(report: PlanReport) -> str:
    return (
        f"{plural(len(report.jobs), 'job')}, {plural(report.found, 'document')} found,"
        f" {report.unchanged:,} unchanged and delivered"
    )


def _extent(total: ExtentTotal) -> str:
    """Say how much a job sends, and of how many documents that is not known."""
    parts = []
    if total.paged:
        said = f" ({total.stated:,} of them as the documents say)" if total.stated else ""
        parts.append(f"{plural(total.pages, 'page')} in {plural(total.paged, 'document')}{said}")
    if total.books:
        parts.append(
            f"{plural(total.sheets, 'sheet')} with {plural(total.cells, 'cell')} in {plural(total.books, 'workbook')}"
        )
    if total.unknown:
        whose = "" if parts else f" {'document' if total.unknown == 1 else 'documents'}"
        parts.append(f"{total.unknown:,}{whose} of unknown length")
    return ", ".join(parts)


def _line(line: PlanLine) -> list[str]:
    head = visible(f"  {SIGNS[line.kind]} {line.documents:,} {_what(line)}")
    shown = [
        f"      {visible(path)}" + (f"  ({visible(detail)})" if detail else "")
        for path, detail in line.examples
    ]
    rest = line.documents - len(line.examples)
    values = [f"      {visible(_change(each))}" for each in line.values]
    return [head, *values, *shown, *([f"      and {rest:,} more"] if line.examples and rest > 0 else [])]


def _cost(cost: JobCost) -> list[str]:
    """Say what a job comes to, and why that is a range."""
    spent = "" if cost.credits.high == 0 else f" ({said(cost.credits, 'credits')})"
    return [f"      {said(cost.money, 'USD')}{spent}", *(f"        {visible(note)}" for note in cost.notes)]


def _money(report: PlanReport) -> str:
    """Say what all of it comes to."""
    if not report.costs:
        return "charged by the provider"
    money = sum((cost.money for cost in report.costs), Bounds())
    if money.high is None and not money.low:
        return "charged by the provider; what that comes to is not known"
    return f"charged by the provider, {said(money, 'USD')}" + (
        "; nothing says how much at most" if money.high is None else ""
    )


def _change(value: Difference) -> str:
    return f"{value.what}: {_short(value.old)} → {_short(value.new)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _why(line: PlanLine) -> str:
    return "; ".join([line.reason, *map(_change, line.values)])


def _what(line: PlanLine) -> str:
    """Say what is due and why, once where the reason says it already."""
    verb = VERBS[line.kind]
    return line.reason if line.reason.startswith(verb) else f"{verb}: {line.reason}"


def summary(report: PlanReport) -> str:
    """Return the last line of a plan: what will be spent."""
    if not report.has_changes:
        return "Nothing is due."
    unseen = sum(line.documents for line in report.lines if line.kind == "look")
    if unseen:
        found = f"; {plural(report.send_items, 'document')} so far" if report.send_items else ""
        return f"What will be sent is known once apply has looked at {plural(unseen, 'link')}{found}."
    if not report.send_items:
        return "Nothing will be sent."
    saved = report.send_documents - report.send_items
    twins = f" ({plural(saved, 'duplicate')} sent once)" if saved else ""
    cost = "free of charge" if report.free else _money(report)
    via = ", ".join(f"'{name}'" for name in sorted(report.connections))
    return f"Will send {plural(report.send_items, 'document')}{twins}, {human(report.send_bytes)}, to {via}: {cost}."


def plan_markdown(report: PlanReport) -> str:
    """Return the plan for a pull request's comment."""
    rows = [
        f"| {markdown(line.job)} | {SIGNS[line.kind]} {VERBS[line.kind]} | {markdown(_why(line))} | {line.documents:,} | {human(line.size)} |"
        for line in report.lines
    ]
    table = ["| job | what | why | documents | size |", "|---|---|---|---:|---:|", *rows] if rows else []
    notes = [f"- {markdown(note)}" for note in report.notes]
    opened = [
        f"- `{each.submission}` on {markdown(f'{each.connection}: {each.status}, {each.next}')}"
        for each in report.open
    ]
    versions = [f"- {markdown(f'{each.job} keeps to {_kept_to(each)}')}" for each in report.versions]
    parts = [
        ["### docbatch plan"],
        [_head(report)],
        table,
        opened + versions + notes,
        ["- " + markdown("; ".join(map(str.strip, each.splitlines()))) for each in _of_guards(report)],
        [f"**{markdown(summary(report))}**"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def plan_json(report: PlanReport) -> dict[str, Any]:
    """Return the plan as a JSON value with a version."""
    lines = [
        {**asdict(line), "examples": [{"path": path, "detail": detail} for path, detail in line.examples]}
        for line in report.lines
    ]
    told = {**asdict(report), "lines": lines, "has_changes": report.has_changes}
    return {"version": VERSION, "type": "plan", **told}


def _kept_to(kept: KeptVersions) -> str:
    return visible(named_versions(kept.versions)) if kept.known else "what apply finds when it first asks"


def human(size: int) -> str:
    """Return a number of bytes as people say it."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def visible(text: str) -> str:
    """Return text of others' making, such as a file's name, so that it stays one line and cannot steer a terminal or a CI runner."""
    return escaped(text)


def span(seconds: float) -> str:
    """Return a length of time as people say it, cut to its two largest units."""
    left = max(0, int(seconds))
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def clock_time(at: float) -> str:
    """Return a moment (seconds since the epoch) as clocks here show it, with the day where that is not today."""
    moment = datetime.fromtimestamp(at).astimezone()
    return (
        f"{moment:%H:%M}"
        if moment.date() == datetime.now().astimezone().date()
        else f"{moment:%Y-%m-%d %H:%M}"
    )


def looking(count: int, needed: int, until: float) -> str:
    """Say how long it is looked for what may or may not be there; `until` is in seconds since the epoch."""
    return f"looking until {clock_time(until)}, {count} of {plural(needed, 'look')} so far"


def named_versions(pins: Mapping[str, str]) -> str:
    """Return what processed a document, each part with its version, in one order."""
    return ", ".join(f"{name} {version}" for name, version in sorted(pins.items()))


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
