"""Looking, before money is first spent on a connection, for work at the vendor that the state does not know."""

from docbatch.core.accounts import told_apart
from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, GuardRefused, ProviderError
from docbatch.core.looks import LookKind
from docbatch.engine.connections.contract import surveyed
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.take_consequences import take_consequences
from docbatch.providers.base import Survey


def knows_all_work(run: Run, connection: ProviderConnection) -> Talk[bool]:
    """Say whether creates may go out; if not, the connection rests, or is not used for any."""
    if connection.searched:
        return True
    traits = connection.traits
    try:
        if not traits.free:
            run.store.refuse_restored()
            _refuse_stranded(run, connection)
        survey = yield from connection.ask(
            ProviderCall.SURVEY,
            lambda provider: surveyed(provider.survey(f"{run.project}-")),
            gives=Survey,
        )
    except (ProviderError, CredentialsError) as error:
        take_consequences(run, connection, ProviderCall.SURVEY, error)
        return False
    except GuardRefused as error:
        connection.block(error)
        return False
    unknown = frozenset(survey.markers) - run.store.submissions.markers()
    if unknown:
        connection.block(_foreign(connection.name, unknown))
        return False
    if not traits.free and run.store.home.is_moved() and not _is_watched(run, connection, survey.date):
        return False
    connection.searched = True
    return True


def _refuse_stranded(run: Run, connection: ProviderConnection) -> None:
    """Raise GuardRefused where what was sent under another account is not through: its documents would be paid there too."""
    for each in run.store.submissions.open():
        if each.connection == connection.name and each.account != connection.account:
            theirs, ours = told_apart(each.account, connection.account)
            raise GuardRefused(
                f"connection '{connection.name}' now speaks for {ours}, and submission {each.id}, which was sent for {theirs}, is"
                " not through",
                hint="nothing more is sent there; finish with the former host, workspace or project, or give the new one a"
                " connection of its own in docbatch.yaml",
            )


def _is_watched(run: Run, connection: ProviderConnection, date: float | None) -> bool:
    """Say whether lists stayed without unknown work for the grace. Looks that were made here since the copy count.

    Nothing tells how old a state is that was put back together with all that lies beside it, and what was sent in the
    meantime may have been sent a moment ago.
    """
    traits, subject = connection.traits, f"connection '{connection.name}'"
    if not connection.is_watching:
        connection.is_watching = True
        run.observe(
            Trouble(
                subject,
                f"the state was copied or put back, so the vendor's lists are watched for {traits.grace:g} s"
                " before anything is sent",
            )
        )
    if date is None:
        connection.block(_untimed(connection))
        return False
    watched = f"{subject} of {connection.account}"
    counted = run.count_look(connection, watched, LookKind.WATCH, date)
    if counted.are_enough(traits):
        return True
    run.tell_of_looks(connection, watched, counted)
    connection.rest(run.clock.monotonic() + counted.pause(traits))
    return False


def _untimed(connection: ProviderConnection) -> GuardRefused:
    return GuardRefused(
        f"connection '{connection.name}' does not tell the time of its answers, so nothing says how long its lists were"
        " watched after the state was copied or put back",
        hint="nothing more is sent there; go on in the folder that the state was copied from",
    )


def _foreign(connection: str, unknown: frozenset[str]) -> GuardRefused:
    names = ", ".join(sorted(unknown)[:3])
    return GuardRefused(
        f"connection '{connection}' has work of this project that the state does not know: {names}"
        + ("" if len(unknown) <= 3 else f" and {len(unknown) - 3} more"),
        hint="nothing more is sent there; 'docbatch recover' takes it over, or put the state back that knows it",
    )
