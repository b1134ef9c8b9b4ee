"""Taking over one batch at a vendor by its id there, which the state does not know."""

from collections.abc import Sequence
from dataclasses import replace

from docbatch.core.errors import GuardRefused, UsageError
from docbatch.engine.administration.adopt_unknown_work import (
    Judgement,
    UnknownWork,
    UnknownWorkVerdict,
    judge,
)
from docbatch.engine.administration.recover_work import (
    Search,
    barrier,
    charging,
    has_state,
    require_names,
    settle,
    taken_up,
    unknown_work,
)
from docbatch.engine.clock import SystemClock
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.progress_notices import Observer


def adopt(search: Search, connection: str, remote_id: str, observe: Observer) -> Judgement:
    """Look for the batch among the work of a project, and take it over where jobs want what it holds.

    Nothing else that is found is recorded, and a state that is not trusted stays so. Raises StateError, StateLocked,
    UsageError, CredentialsError, ProviderError, and GuardRefused where it is none of ours: nothing was changed then.
    """
    if not search.dry_run and not has_state(search):
        looked = _adopt(replace(search, dry_run=True), connection, remote_id, observe)
        if looked.verdict is not UnknownWorkVerdict.TAKEN:
            return looked
    return _adopt(search, connection, remote_id, observe)


def _adopt(search: Search, connection: str, remote_id: str, observe: Observer) -> Judgement:
    clock = SystemClock()
    with taken_up(search, clock) as session:
        require_names(search, charging(session))
        if (why := barrier(search, session, connection)) is not None:
            raise UsageError(f"connection '{connection}' cannot be searched: {why}")
        _refuse_known(session, connection, remote_id)
        found = list(unknown_work(search, session, connection, clock, observe))
        for trouble in session.connections.troubles.values():
            raise trouble
        wanted = [each for each in found if _is_called(each, remote_id)]
        if not wanted:
            raise _not_ours(search, connection, remote_id, found)
        (judgement,) = judge(session, wanted[:1], ())
        if judgement.verdict is UnknownWorkVerdict.TAKEN:
            settle(search, session, judgement, clock.wall())
        return judgement


def _refuse_known(session: PlanSession, connection: str, remote_id: str) -> None:
    for known in session.store.submissions.all():
        if known.connection == connection and known.remote_id == remote_id:
            raise UsageError(f"the state knows {remote_id} already: it is submission {known.id}")


def _is_called(found: UnknownWork, remote_id: str) -> bool:
    """Say whether this is the id of work, or of a part of it: vendors show one or the other."""
    if found.recalled is None:
        return found.marker == remote_id
    made = {each.remote_id for each in found.recalled.prepared.values()}
    return remote_id in {found.marker, found.recalled.remote_id, *found.recalled.runs.values(), *made}


def _not_ours(search: Search, connection: str, remote_id: str, found: Sequence[UnknownWork]) -> GuardRefused:
    shown = ", ".join(str(each.recalled and each.recalled.remote_id) for each in found[:3]) or "none"
    return GuardRefused(
        f"connection '{connection}' shows no {remote_id} among the work of project {search.of_project or search.project} that the"
        f" state does not know; it shows {shown}",
        hint="nothing was changed; the work of another project is looked for with --of-project ID",
    )
