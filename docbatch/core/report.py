"""What a plan says, as values, and how numbers, sizes and times are said. Pure; `plan_formats` makes texts of plans."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from docbatch.core.amounts import Bounds
from docbatch.core.changes import Reason
from docbatch.core.experience import Expected
from docbatch.core.extents import ExtentTotal
from docbatch.core.outside_text import escaped
from docbatch.core.recipe_changes import Difference

if TYPE_CHECKING:
    from docbatch.core.spending_guards import Objection

StateKnown = Literal["none", "empty", "recorded"]
"""Whether there is a state, and anything in it: where there is none, what was paid before is not known."""

Action = Literal[
    "submit",
    "resend",
    "retry",
    "collect",
    "deliver",
    "restore",
    "refuse",
    "failed",
    "held",
    "orphaned",
    "skip",
    "look",
]
"""What is done about documents, in the words of a plan."""

ACTION_OF: Mapping[str, Action] = {
    "send": "submit",
    "wait": "collect",
    "deliver": "deliver",
    "restore": "restore",
    "fail": "refuse",
    "stand": "failed",
    "held": "held",
    "remove": "orphaned",
    "skip": "skip",
    "look": "look",
}
"""The word for each kind of line; of what is sent, that of documents that were not sent before."""
_MOST_NAMED = 3
_ANOTHER_WAY: frozenset[str] = frozenset(
    {
        Reason.TYPE,
        Reason.HANDED_OVER,
        Reason.PROVIDER,
        Reason.ACCOUNT,
        Reason.OPERATION,
        Reason.CONFIG,
        Reason.VERSION,
    }
)
"""Why bytes that were planned or sent before are sent once more."""


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

    @property
    def action(self) -> Action:
        """What apply does about them, in one word: of what is sent, whether for the first time."""
        if self.kind == "send" and self.reason in _ANOTHER_WAY:
            return "resend"
        if self.kind == "send" and self.reason == Reason.AGAIN:
            return "retry"
        return ACTION_OF[self.kind]


@dataclass(frozen=True, slots=True)
class NotDue:
    """Why nothing is due for the rest of a job's documents.

    `unchanged` are through, with their outputs as they were left; `ignored` are outputs that are gone and stay so
    (`on_missing: ignore`); `failed` failed earlier, of which `later` are tried again by themselves at another time; `held` wait
    for a decision; `left_out` are files beside the documents that are none, or not regular. `filtered` count as not there by
    the job's `where`; of a `sample` is said how many documents it has, and of how many.
    """

    job: str
    unchanged: int = 0
    ignored: int = 0
    failed: int = 0
    held: int = 0
    left_out: int = 0
    later: int = 0
    filtered: int = 0
    sample: tuple[int, int] | None = None

    @property
    def documents(self) -> int:
        """How many of the job's documents it is."""
        return self.unchanged + self.failed + self.held


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

    `notes` say what makes it a range; `expected` is what it comes to if it is as before, None where too little is known of that.
    """

    job: str
    credits: Bounds
    money: Bounds
    notes: tuple[str, ...] = ()
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class SelectedPart:
    """What of a project a plan is of, where that is a part.

    `options` are the selectors as they are typed, `others` counts the jobs that they leave alone. `documents` counts those that
    are selected and for which something is due or stands; None where all documents of the jobs are meant. `left_out` counts, by
    action, those for which something is due and that are not selected.
    """

    options: str
    others: int = 0
    documents: int | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What apply would do. `send_items` counts what is paid: identical documents count once.

    `pages` says how much jobs send, where that was counted, and `costs` what that comes to, of jobs that cost anything.
    `objections` are those of guards, for which apply would refuse it, `remedy` says what would allow it; `approval` is the
    digest to approve it with, where somebody may have to.
    `least_seconds` says of connections how long it takes at least to hand over what is sent, by the rates they are used at.
    `state` says what it was compared with: without one all numbers are an upper bound, for nobody knows what was paid
    before. `not_due` says of each job why the rest is not due, `selected` of which part of the project this is, None for all of it.
    It is for an `environment`, None for the project itself.
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
    not_due: tuple[NotDue, ...] = ()
    least_seconds: Mapping[str, float] = field(default_factory=dict)
    state: StateKnown = "recorded"
    environment: str | None = None
    selected: SelectedPart | None = None

    @property
    def has_changes(self) -> bool:
        due = {"send", "deliver", "restore", "fail", "remove", "look"}
        return bool(self.open) or any(line.kind in due for line in self.lines)

    def expected(self, most_new: int | None = None) -> int:
        """Return how many documents will end at a provider: those sent, `most_new` at most, and those with it already."""
        sent = self.send_items if most_new is None else min(self.send_items, most_new)
        return sent + sum(line.documents for line in self.lines if line.kind == "wait")


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


def seconds_text(seconds: float) -> str:
    """Return how long something took as people say it, with a fraction where it is short."""
    if seconds >= 10:
        return span(seconds)
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def clock_time(at: float) -> str:
    """Return a moment (seconds since the epoch) as clocks here show it, with the day where that is not today."""
    moment = datetime.fromtimestamp(at).astimezone()
    return (
        f"{moment:%H:%M}"
        if moment.date() == datetime.now().astimezone().date()
        else f"{moment:%Y-%m-%d %H:%M}"
    )


def by_deadline(until: float) -> str:
    """Say when what waits for a window is sent at the latest; `until` is in seconds since the epoch."""
    return f"by {clock_time(until)} at the latest, outside the window"


def looking(count: int, needed: int, until: float) -> str:
    """Say how long it is looked for what may or may not be there; `until` is in seconds since the epoch."""
    return f"looking until {clock_time(until)}, {count} of {plural(needed, 'look')} so far"


def named_versions(pins: Mapping[str, str]) -> str:
    """Return what processed a document, each part with its version, in one order."""
    return ", ".join(f"{name} {version}" for name, version in sorted(pins.items()))


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def remarks_told_once(remarks: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield each sentence once, with the jobs it is about, in the order in which it came up first.

    A remark is a job's name and a sentence about it; where one begins with `job 'NAME': `, the rest is compared with others'.
    """
    jobs: dict[str, list[str]] = {}
    whole: dict[str, str] = {}
    for name, sentence in remarks:
        said = sentence.removeprefix(f"job '{name}': ")
        whole.setdefault(said, sentence)
        jobs.setdefault(said, []).append(name)
    for said, names in jobs.items():
        is_of_several = len(set(names)) > 1 and whole[said] != said
        yield f"jobs {_named(names)}: {said}" if is_of_several else whole[said]


def _named(names: list[str]) -> str:
    if len(names) <= _MOST_NAMED:
        return ", ".join(f"'{name}'" for name in names[:-1]) + f" and '{names[-1]}'"
    shown = ", ".join(f"'{name}'" for name in names[: _MOST_NAMED - 1])
    return f"{shown} and {len(names) - _MOST_NAMED + 1:,} more"
