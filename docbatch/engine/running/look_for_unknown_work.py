"""Looking, before money is first spent on a connection, for work at the vendor that the state does not know."""

from dataclasses import replace

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, GuardRefused, ProviderError
from docbatch.core.scheduler import Looks
from docbatch.engine.connections.contract import listed
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.take_consequences import take_consequences


def knows_all_work(run: Run, connection: ProviderConnection) -> Talk[bool]:
    """Say whether creates may go out; if not, the connection rests, or is not used for any."""
    if connection.searched:
        return True
    traits = connection.traits
    try:
        if not traits.free:
            run.store.refuse_restored()
            _refuse_stranded(run, connection)
        marked = yield from connection.ask(
            ProviderCall.SURVEY,
            lambda provider: set(listed(provider.survey(f"{run.project}-"), str)),
            gives=set,
        )
    except (ProviderError, CredentialsError) as error:
        take_consequences(run, connection, ProviderCall.SURVEY, error)
        return False
    except GuardRefused as error:
        connection.block(error)
        return False
    unknown = marked - run.store.submissions.markers()
    if unknown:
        connection.block(_foreign(connection.name, unknown))
        return False
    if not traits.free and run.store.is_moved() and not _is_watched(run, connection):
        return False
    connection.searched = True
    return True


def _refuse_stranded(run: Run, connection: ProviderConnection) -> None:
    """Raise GuardRefused where what was sent under another account is not through: its documents would be paid there too."""
    for each in run.store.submissions.open():
        if each.connection == connection.name and each.account != connection.account:
            raise GuardRefused(
                f"connection '{connection.name}' now speaks for {connection.account}, and submission {each.id}, which was sent for"
                f" {each.account}, is not through",
                hint="nothing was sent; finish with the former host, workspace or project, or give the new one a"
                " connection of its own in docbatch.yaml",
            )


def _is_watched(run: Run, connection: ProviderConnection) -> bool:
    """Say whether lists stayed without unknown work for the grace.

    Nothing tells how old a state is that was put back together with all that lies beside it, and what was sent in the
    meantime may have been sent a moment ago.
    """
    now, traits = run.clock.monotonic(), connection.traits
    looks = connection.watch
    if looks is None:
        run.observe(
            Trouble(
                f"connection '{connection.name}'",
                f"the state was copied or put back, so the vendor's lists are watched for {traits.grace:g} s"
                " before anything is sent",
            )
        )
        looks = Looks(since=now)
    seen = replace(looks, empty=looks.empty + 1)
    connection.watch = seen
    if seen.are_enough(seen.empty, traits, now):
        return True
    connection.rest(now + traits.look_spacing)
    return False


def _foreign(connection: str, unknown: set[str]) -> GuardRefused:
    names = ", ".join(sorted(unknown)[:3])
    return GuardRefused(
        f"connection '{connection}' has work of this project that the state does not know: {names}"
        + ("" if len(unknown) <= 3 else f" and {len(unknown) - 3} more"),
        hint="nothing was sent; 'docbatch recover' takes it over, or put the state back that knows it",
    )
