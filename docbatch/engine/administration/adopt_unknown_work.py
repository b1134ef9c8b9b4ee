"""Adopting work at a vendor that the state does not know: what of it jobs want is judged and recorded."""

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.limits import assumed
from docbatch.core.models import ItemStatus, Submission, SubmissionStatus, WorkItem
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running.parts.sent_recipes import config_of, sent_recipes
from docbatch.providers.base import Recalled
from docbatch.state.charges import NOBODY
from docbatch.state.items import RecordedItem
from docbatch.state.records import Frozen, Reservation

WAITING = {ItemStatus.PENDING, ItemStatus.FAILED}


class UnknownWorkVerdict(enum.StrEnum):
    """What becomes of found work: it is followed, only known from now on, given up by a person, or left to one."""

    TAKEN = "taken"
    KNOWN = "known"
    ABANDONED = "abandoned"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class UnknownWork:
    """Work under one marker. `recalled` is None where the vendor shows no document of it."""

    marker: str
    connection: str
    account: str
    recalled: Recalled | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """`documents` counts what the work holds, `wanted` what of it jobs wait for, `known` what the state has already.

    `target` is a job that wants work which is taken; None for other work.
    """

    found: UnknownWork
    verdict: UnknownWorkVerdict
    documents: int = 0
    wanted: tuple[RecordedItem, ...] = ()
    known: int = 0
    why: str = ""
    target: ResolvedJob | None = None

    @property
    def unwanted(self) -> int:
        return self.documents - len(self.wanted) - self.known


def judge(
    session: PlanSession, found: Collection[UnknownWork], abandoned: Collection[str]
) -> list[Judgement]:
    """Say what becomes of each. Work that holds nothing the jobs wait for may still be that of their documents.

    It is left to a person as long as anything waits to be sent on its connection.
    """
    recipes = _recipes(session)
    seen: list[Judgement] = []
    taken: set[str] = set()
    for each in found:
        seen.append(_look(session, recipes, each, taken))
        if seen[-1].verdict is UnknownWorkVerdict.TAKEN:
            taken.update(item.key for item in seen[-1].wanted)
    waiting = {name for name in session.connections.views() if _awaits(session, recipes, name, taken)}
    return [
        _settle(each, waiting, abandoned) if each.verdict is UnknownWorkVerdict.LEFT else each
        for each in seen
    ]


def _look(
    session: PlanSession, recipes: Mapping[int, ResolvedJob], found: UnknownWork, taken: Collection[str]
) -> Judgement:
    """Take what can be taken and know what is known, or taken from other work; the rest is left as yet."""
    if found.recalled is None:
        return Judgement(found, UnknownWorkVerdict.LEFT, why="the vendor shows none of its documents")
    runs = found.recalled.runs
    items = list(session.store.items.many(list(runs)))
    open_ = [item for item in items if item.status in WAITING and item.key not in taken]
    known = len(items) - len(open_)
    wanted = tuple(
        item for item in open_ if item.recipe in recipes and session.store.documents.places(item.row)
    )
    if len({item.recipe for item in wanted}) > 1:
        why = "its documents belong to jobs of different provider options, and one submission has one"
        return Judgement(found, UnknownWorkVerdict.LEFT, len(runs), wanted, known, why)
    if wanted:
        target = recipes[wanted[0].recipe]
        return Judgement(found, UnknownWorkVerdict.TAKEN, len(runs), wanted, known, target=target)
    if runs and len(items) == len(runs):
        return Judgement(found, UnknownWorkVerdict.KNOWN, len(runs), (), known)
    why = "no job wants its documents as they were sent: other bytes, other options, or a latest version that moved"
    return Judgement(found, UnknownWorkVerdict.LEFT, len(runs), (), known, why)


def _settle(each: Judgement, waiting: Collection[str], abandoned: Collection[str]) -> Judgement:
    if each.found.marker in abandoned:
        verdict = UnknownWorkVerdict.ABANDONED
    elif each.wanted or each.found.connection in waiting:
        return each
    else:
        verdict = UnknownWorkVerdict.KNOWN
    return Judgement(each.found, verdict, each.documents, (), each.known, each.why)


def _awaits(
    session: PlanSession, recipes: Mapping[int, ResolvedJob], connection: str, taken: Collection[str]
) -> bool:
    """Say whether anything but what is taken over waits to be sent on a connection."""
    jobs = [target.name for target in session.targets.values() if target.connection == connection]
    for row, target in recipes.items():
        if target.connection == connection:
            pending = session.store.items.pending(row, jobs, len(taken) + 1)
            if any(item.key not in taken for item in pending):
                return True
    return False


def _recipes(session: PlanSession) -> Mapping[int, ResolvedJob]:
    """Return a job of each recipe that is in use, by the recipe's row."""
    return dict(sent_recipes(session.store, session.targets.values()))


def record_unknown_work(session: PlanSession, judgement: Judgement, identity: str, now: float) -> None:
    """Record found work as a submission that is followed from now on."""
    found, recalled, target = judgement.found, judgement.found.recalled, judgement.target
    assert recalled is not None
    assert target is not None
    items = tuple(_work_items(session, judgement.wanted))
    keys = {item.key for item in items}
    submission = Submission(
        identity, 0, target.connection, found.account, SubmissionStatus.INTENDED, recalled.remote_id
    )
    recipe = judgement.wanted[0].recipe
    frozen = Frozen(
        identity,
        recipe,
        found.marker,
        config_of(session.store, target, recipe),
        b"",
        recalled.prepared,
        items,
        _reserved(session, target, items),
    )
    runs = {key: run for key, run in recalled.runs.items() if run is not None and key in keys}
    failed = [item.row for item in judgement.wanted if item.status is ItemStatus.FAILED]
    session.store.submissions.adopt(submission, frozen, runs, failed, now)


def _reserved(session: PlanSession, target: ResolvedJob, items: Sequence[WorkItem]) -> Reservation | None:
    """Count what was sent by a run that the state does not know like all that is sent: it was paid as well."""
    if target.traits.free:
        return None
    limits = {limit for each in session.plan.targets for limit in each.limits}
    payers = session.store.charges.payers([item.row for item in items], session.targets.keys())
    costs = {}
    for item in items:
        job = payers.get(item.row, NOBODY)
        costs[item.key] = session.plan.cost(job, item, assumed(limits, job, target.connection))
    return Reservation(costs, {each.name: each.labels for each in session.plan.targets})


def _work_items(session: PlanSession, wanted: Collection[RecordedItem]) -> Iterator[WorkItem]:
    for item in wanted:
        name, path = session.store.documents.places(item.row)[0]
        job = session.store.documents.job(name)
        assert job is not None
        yield item.work_item(job.source + b"/" + path)
