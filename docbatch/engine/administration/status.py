"""The status of jobs, submissions and spool, read from the state as values to show."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from docbatch.core.acceptances import AcceptedDocuments
from docbatch.core.costs import LimitStanding
from docbatch.core.hindrance import Hindrance
from docbatch.core.limits import Limit
from docbatch.core.models import Submission
from docbatch.core.moments import iso_moment_or_none
from docbatch.core.selectors import EVERYTHING, Selectors
from docbatch.engine.administration.costs import read_limits
from docbatch.engine.administration.edit_state import named_jobs
from docbatch.naming.pathtext import escape
from docbatch.specs.values import Connection
from docbatch.spool import Spool
from docbatch.state.deadlines import Stuck
from docbatch.state.looks import RecordedLooks
from docbatch.state.paces import DocumentPace
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job's documents by status, and those that are not well: (path, status, class, message).

    `credits` is what vendors charged for its documents, as far as they told; None where none did. `warned` counts documents
    with warnings by the kinds of these, and `warnings` has them all, by path. `with_deadline` counts those that wait to be
    sent and are sent outside the job's window at the latest; the first of them at `deadline` (wall time), None without any.
    `accepted` counts the failures that do not make the exit code 3, and `said`, by path, is what was said of those that are
    accepted. `pace` says how long documents took that ended, in all runs together; None where that is not known of any.
    `tried_again` counts those that failed and are tried again by themselves, the first of them at `next_try` (wall time).
    """

    job: str
    connection: str
    tally: dict[str, int]
    failures: tuple[tuple[str, str, str, str], ...]
    credits: float | None = None
    warned: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    with_deadline: int = 0
    deadline: float | None = None
    accepted: AcceptedDocuments = field(default_factory=AcceptedDocuments)
    said: Mapping[str, str] = field(default_factory=dict)
    tried_again: int = 0
    next_try: float | None = None
    pace: DocumentPace | None = None


@dataclass(frozen=True, slots=True)
class DeclaredLimits:
    """The limits that specs declare, and what to say where not all of these can be read."""

    limits: tuple[Limit, ...] = ()
    unread: str | None = None

    def of(self, jobs: Mapping[str, str]) -> "DeclaredLimits":
        """Return those that concern one of some jobs, whose connections are given."""
        concern = (each for each in self.limits if any(each.concerns(*job) for job in jobs.items()))
        return DeclaredLimits(tuple(concern), self.unread)


@dataclass(frozen=True, slots=True)
class StateStatus:
    """`stuck` holds, by id, what of the open submissions is with a vendor for longer than its jobs allow.

    `looking` holds, by id, what may or may not be at its vendor, and connections whose lists are watched.

    `owner` names a run that holds the state at this moment. `hindrances` are what stopped or slowed connections when they
    were last asked, and `now` is when that was read (wall time). `limits` are how the limits stand that the specs declare now;
    `limits_unread` says why some are not among them. `account_users` says, by connection, which processes of other projects
    on this machine use its account at this moment. `selected` are the selectors, as they are typed, of what `jobs` tell; empty where that is all.
    """

    jobs: tuple[JobStatus, ...]
    open: tuple[Submission, ...]
    spool_entries: int
    spool_bytes: int
    owner: str | None
    stuck: Mapping[str, Stuck] = field(default_factory=dict)
    looking: Mapping[str, RecordedLooks] = field(default_factory=dict)
    hindrances: tuple[Hindrance, ...] = ()
    now: float = 0.0
    limits: tuple[LimitStanding, ...] = ()
    limits_unread: str | None = None
    account_users: Mapping[str, str] = field(default_factory=dict)
    selected: str = ""

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield one JSON value for each job, open submission, hindrance and limit, and one for the spool; first what was selected."""
        if self.selected:
            yield {"type": "selected", "selectors": self.selected}
        for job in self.jobs:
            failures = [
                {**dict(zip(("path", "status", "class", "message"), each, strict=True)),
                 "accepted": job.said.get(each[0])} for each in job.failures
            ]  # fmt: skip
            yield {"type": "job", "job": job.job, "connection": job.connection, "documents": job.tally,
                   "credits": job.credits, "failures": failures, "accepted": job.accepted.values(), "warned": dict(job.warned),
                   "warnings": [{"path": path, "warnings": list(told)} for path, told in job.warnings],
                   "with_deadline": job.with_deadline, "deadline": iso_moment_or_none(job.deadline),
                   "tried_again": job.tried_again, "next_try": iso_moment_or_none(job.next_try),
                   "seconds": None if job.pace is None else job.pace.values()}  # fmt: skip
        for each in self.open:
            yield {"type": "submission", "id": each.id, "connection": each.connection, "status": str(each.status),
                   "remote_id": each.remote_id, "running": each.running, "ready": each.ready,
                   "stuck": asdict(self.stuck[each.id]) if each.id in self.stuck else None,
                   "looking": self.looking[each.id].values() if each.id in self.looking else None}  # fmt: skip
        submissions = {each.id for each in self.open}
        for looks in self.looking.values():
            if looks.subject not in submissions:
                yield {"type": "looking", "connection": looks.subject, **looks.values()}
        for hindrance in self.hindrances:
            yield {"type": "hindrance", **hindrance.values()}
        for connection, users in self.account_users.items():
            yield {"type": "account_users", "connection": connection, "message": users}
        for limit in self.limits:
            yield {"type": "limit", **limit.values()}
        if self.limits_unread is not None:
            yield {"type": "limits_unread", "message": self.limits_unread}
        yield {"type": "spool", "entries": self.spool_entries, "bytes": self.spool_bytes}


def read_status(
    store: Store,
    only: Collection[str] | None = None,
    *,
    now: float,
    selectors: Selectors = EVERYTHING,
    limits: DeclaredLimits | None = None,
    connections: Mapping[str, Connection] = MappingProxyType({}),
    root: Path | None = None,
) -> StateStatus:
    """Read what is recorded, of some jobs or of all, and how `limits` stand; `now` is wall time.

    `selectors` say which documents of these are told, where not all are. `connections` are those that are declared, by name, `root` is the project's folder.
    Raises UsageError for a job the state does not know.
    """
    names = named_jobs(store) if only is None else [name for each in only for name in named_jobs(store, each)]
    jobs = tuple(_selected(store, _job(store, name, now), selectors, now) for name in names)
    declared = limits or DeclaredLimits()
    if only is not None:
        declared = declared.of({job.job: job.connection for job in jobs})
    spool = Spool(store.home.spool, store.results, packs=store.home.packs)
    return StateStatus(
        jobs=jobs,
        open=tuple(store.submissions.open()),
        spool_entries=spool.count(),
        spool_bytes=spool.size(),
        owner=store.home.owner() if store.home.is_held() else None,
        stuck=dict(_stuck(store, now, connections)),
        looking=store.looks.open(),
        hindrances=tuple(store.hindrances.all()),
        now=now,
        limits=tuple(read_limits(store, declared.limits, now)),
        limits_unread=declared.unread,
        account_users={}
        if root is None
        else dict(_account_users({each.connection for each in jobs}, connections, root)),
        selected=selectors.options.strip(),
    )


def _selected(store: Store, job: JobStatus, selectors: Selectors, now: float) -> JobStatus:
    if not selectors.are_of_documents:
        return job
    from docbatch.engine.administration.selected_status import selected_status  # noqa: PLC0415 - it needs what is here

    return selected_status(store, job, selectors, now)


def _account_users(
    names: Collection[str], connections: Mapping[str, Connection], root: Path
) -> Iterator[tuple[str, str]]:
    from docbatch.engine.connections.accesses import account_users  # noqa: PLC0415 - declarations of vendors are not read for nothing
    from docbatch.providers.accounts.shared_account import are_there_any  # noqa: PLC0415 - the same

    if not are_there_any(os.environ):
        return
    for name in sorted(names & connections.keys()):
        if users := account_users(connections[name], root):
            yield name, users


def _job(store: Store, name: str, now: float) -> JobStatus:
    job = store.documents.job(name)
    assert job is not None
    unwell = list(store.unwell.of(name))
    failures = ((escape(each.path), each.status, str(each.why.kind), each.why.message) for each in unwell)
    number, deadline = store.waiting.counted(name) or (0, None)
    tried_again, next_try = store.later_tries.coming(name)
    return JobStatus(
        job=name,
        connection=job.connection,
        tally=store.documents.tally(name),
        failures=tuple(failures),
        credits=store.submissions.credits(name),
        warned=store.warned.counts(name),
        warnings=tuple((escape(path), told) for path, told in store.warned.first(name)),
        with_deadline=number,
        deadline=deadline,
        accepted=store.unwell.accepted(name, now),
        pace=store.paces.of(name),
        said={escape(each.path): each.acceptance.text(now) for each in unwell if each.acceptance is not None},
        tried_again=tried_again,
        next_try=next_try,
    )


def _stuck(store: Store, now: float, connections: Mapping[str, Connection]) -> Iterator[tuple[str, Stuck]]:
    from docbatch.engine.connections.accesses import what_stops  # noqa: PLC0415 - every command loads this module, for limits

    for each in store.deadlines.passed(now):
        connection = connections.get(each.connection)
        yield each.submission, each if connection is None else replace(each, stops=what_stops(connection))
