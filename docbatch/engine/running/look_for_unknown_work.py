"""Looking, before money is first spent on a connection, for work at the vendor that the state does not know."""

from dataclasses import replace

from docbatch.core.errors import GuardRefused, Unavailable
from docbatch.core.models import Traits
from docbatch.core.scheduler import Looks
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run


def knows_all_work(run: Run, connection: str) -> bool:
    """Say whether creates may go out; if not, the connection rests or is blocked."""
    if connection in run.surveyed:
        return True
    traits = run.connections.traits(connection)
    try:
        if not traits.free:
            run.store.refuse_restored()
            _refuse_stranded(run, connection)
        provider = run.connections.provider(connection)
        unknown = set(provider.survey(f"{run.project}-")) - run.store.submissions.markers()
    except Unavailable as error:
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        return False
    except GuardRefused as error:
        run.connections.block(connection, error)
        return False
    if unknown:
        run.connections.block(connection, _foreign(connection, unknown))
        return False
    if not traits.free and run.store.is_moved() and not _is_watched(run, connection, traits):
        return False
    run.surveyed.add(connection)
    return True


def _refuse_stranded(run: Run, connection: str) -> None:
    """Raise GuardRefused where what was sent under another account is not through: its documents would be paid there too."""
    account = run.connections.account(connection)
    for each in run.store.submissions.open():
        if each.connection == connection and each.account != account:
            raise GuardRefused(
                f"connection '{connection}' now speaks for {account}, and submission {each.id}, which was sent for"
                f" {each.account}, is not through",
                hint="nothing was sent; finish with the former host, workspace or project, or give the new one a"
                " connection of its own in docbatch.yaml",
            )


def _is_watched(run: Run, connection: str, traits: Traits) -> bool:
    """Say whether lists stayed without unknown work for the grace.

    Nothing tells how old a state is that was put back together with all that lies beside it, and what was sent in the
    meantime may have been sent a moment ago.
    """
    now = run.clock.monotonic()
    looks = run.looks.get(connection)
    if looks is None:
        run.observe(
            Trouble(
                f"connection '{connection}'",
                f"the state was copied or put back, so the vendor's lists are watched for {traits.grace:g} s"
                " before anything is sent",
            )
        )
        looks = Looks(since=now)
    seen = replace(looks, empty=looks.empty + 1)
    run.looks[connection] = seen
    if seen.are_enough(seen.empty, traits, now):
        return True
    run.connections.rest(connection, now + traits.look_spacing)
    return False


def _foreign(connection: str, unknown: set[str]) -> GuardRefused:
    names = ", ".join(sorted(unknown)[:3])
    return GuardRefused(
        f"connection '{connection}' has work of this project that the state does not know: {names}"
        + ("" if len(unknown) <= 3 else f" and {len(unknown) - 3} more"),
        hint="nothing was sent; 'docbatch recover' takes it over, or put the state back that knows it",
    )
