"""Going on without sinks whose store, database or folder cannot be used: that is their trouble alone.

What is new of their jobs is neither recorded nor sent in this run, since nobody knows what stands where its outputs go. What is paid is
collected and kept, and written to the other sinks.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.changes import ChangeKind
from docbatch.core.errors import SinkError
from docbatch.engine.planning.places.unseen_sinks import UnseenSink
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.planning.record_changes import is_declared
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A job of which nothing new was sent or recorded, since a sink of it could not be used: what this run found due of it.

    So many documents are `to_send`, `to_write` (free of charge) and `gone`. `wholly` says that nothing of it was done at all.
    """

    job: str
    to_send: int
    to_write: int
    gone: int
    wholly: bool

    def values(self) -> dict[str, object]:
        """Return the fields by their names."""
        return {name: getattr(self, name) for name in self.__slots__}


def held_back(session: PlanSession, left: Mapping[str, ResolvedJob]) -> tuple[HeldBack, ...]:
    """Return the jobs that are held back, before anything of the others is recorded; `left` are the jobs that the run goes on with."""
    due = Counter[tuple[str, ChangeKind]]()
    for total in session.plan.differences.totals():
        due[total.job, total.kind] += total.documents
    return tuple(
        HeldBack(
            job=job,
            to_send=due[job, ChangeKind.SEND],
            to_write=due[job, ChangeKind.DELIVER],
            gone=due[job, ChangeKind.REMOVE],
            wholly=job not in left,
        )
        for job in dict.fromkeys(each.job for each in session.plan.unseen)
    )


def jobs_left(session: PlanSession) -> Mapping[str, ResolvedJob]:
    """Return the jobs that a run goes on with. Of one that is not recorded as it is declared now, nothing is done.

    Raises the SinkError of the first sink where there is none.
    """
    unseen = {each.job for each in session.plan.unseen}
    left = {
        name: target
        for name, target in session.targets.items()
        if name not in unseen or is_declared(session.store, target)
    }
    if session.plan.unseen and not left:
        error = session.plan.unseen[0].error
        raise type(error)(f"nothing was sent: {error.message}", hint=error.hint)
    return left


def leave_unseen(run: Run, unseen: Sequence[UnseenSink]) -> None:
    """Leave these sinks as they are in this run, and send nothing new of their jobs."""
    run.sinks.withheld.update(each.job for each in unseen)
    told: dict[str, tuple[SinkError, list[str]]] = {}
    for job, identity, error in unseen:
        told.setdefault(error.message, (error, []))[1].append(job)
        if job in run.targets:
            wanted = next(sink for sink in run.targets[job].sinks if sink.identity == identity)
            recorded = next(sink for sink in run.store.deliveries.sinks(job) if sink.identity == identity)
            run.leave_out(recorded, wanted)
            run.sinks.unseen.add(recorded.row)
    for error, jobs in told.values():
        run.errors.append(error)
        named = ", ".join(dict.fromkeys(jobs))
        run.observe(Trouble(f"job {named}", f"nothing new of it is sent: {error.message}", error.hint))
