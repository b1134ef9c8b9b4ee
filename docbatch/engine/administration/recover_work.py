"""Recovering work after the state was lost or went back: what outputs hold is taken back, then what vendors have taken over.

Nothing is sent. What is taken over is followed and collected by the next apply like everything else.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, DocbatchError, Gone, ProviderError, UsageError, gravest
from docbatch.core.guard import Permission
from docbatch.core.models import Recovery
from docbatch.engine.administration.adopt_unknown_work import (
    Judgement,
    UnknownWork,
    UnknownWorkVerdict,
    judge,
    record_unknown_work,
)
from docbatch.engine.administration.rebuilding.rebuild_results import Rebuilder, RebuildWatch, Rebuilt
from docbatch.engine.administration.rebuilding.remember_versions import remembered_versions
from docbatch.engine.clock import Clock, SystemClock, patiently, pause
from docbatch.engine.connections.contract import surveyed
from docbatch.engine.connections.conversations import complete
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.planning.plan import CountedJobs, Selection
from docbatch.engine.planning.plan_session import PlanSession, locked_session
from docbatch.engine.progress_notices import Observer, Waiting
from docbatch.naming.state_folders import project_root
from docbatch.providers import REGISTRY
from docbatch.providers.base import Provider, Recalled, Survey
from docbatch.providers.kind import Settings
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class Search(Selection):
    """Where to look. `only` is one connection instead of all.

    A person says with `absent` that a connection has nothing the state does not know, and with `abandoned`, which holds
    markers, that such work is never to be followed. `dry_run` looks and changes nothing. `of_project` is another project,
    whose work is looked for. What is taken over counts for limits, so that it is counted what its documents have.
    """

    only: str | None = None
    absent: frozenset[str] = frozenset()
    abandoned: frozenset[str] = frozenset()
    dry_run: bool = False
    counted: CountedJobs = CountedJobs.CHARGED
    of_project: str | None = None


Announce = Callable[[Sequence[Judgement]], bool]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found and what became of it.

    `restored` says why the state was not trusted, None where it was. `unsearched` are connections that keep it from
    being trusted, with the reason. `asked` are those that were looked at. `is_trusted` says whether apply may send again.
    `rebuilt` is what came of outputs and their manifests.
    """

    judgements: tuple[Judgement, ...] = ()
    restored: str | None = None
    unsearched: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[DocbatchError, ...] = ()
    declined: bool = False
    asked: tuple[str, ...] = ()
    rebuilt: Rebuilt = field(default_factory=Rebuilt)

    @property
    def is_trusted(self) -> bool:
        return self.restored is None or not self.unsearched

    @property
    def knows_vendors(self) -> bool:
        """Say whether all that vendors have is known by now."""
        return not (self.declined or self.unsearched or self._is_any_left)

    @property
    def _is_any_left(self) -> bool:
        return any(each.verdict is UnknownWorkVerdict.LEFT for each in self.judgements)

    @property
    def exit_code(self) -> int:
        """6 while apply would still refuse to send."""
        is_refused = self._is_any_left or not self.is_trusted
        return gravest({*(error.exit_code for error in self.errors), 6 if is_refused else 0})


def recover(
    search: Search,
    observe: Observer,
    announce: Announce,
    watch: RebuildWatch | None = None,
) -> Recovered:
    """Take back what outputs hold, where there is a `watch`; then look at every connection that charges.

    What lies here is not waited for at a vendor: work there of the same documents counts as known. `announce` is shown what
    was found and may decline. Raises StateError, StateLocked, GuardRefused, UsageError: nothing was changed then.
    """
    clock = SystemClock()
    if (search.only or search.absent) and not search.dry_run and not has_state(search):
        with taken_up(replace(search, dry_run=True), clock) as session:
            require_names(search, charging(session))
    project = project_root(search.folder)
    attempt = _Attempt(search, has_state(search))
    remembered = {} if watch is None else remembered_versions(project, search.jobs)
    with taken_up(search, clock, remembered, attempt.close) as session:
        require_names(search, charging(session))
        rebuilder, rebuilt = None, Rebuilt()
        if watch is not None:
            rebuilder = Rebuilder(session, project, watch, search.dry_run, remembered)
            rebuilt = rebuilder.rebuild(search.only)
        outcome = Recovered(restored=session.store.restored(), declined=True)
        if not rebuilt.declined:
            outcome = recover_with(search, session, clock, observe, announce)
            if rebuilder is not None:
                rebuilt = replace(rebuilt, still_lacking=rebuilder.still_lacking(rebuilt))
        outcome = replace(outcome, rebuilt=rebuilt, errors=(*rebuilt.errors, *outcome.errors))
        session.store.runs.note(outcome.exit_code, {})
        attempt.is_through = not outcome.errors
        return outcome


@dataclass(slots=True)
class _Attempt:
    """One that fails where there was no state leaves none, unless something was taken over before."""

    search: Search
    had_state: bool
    is_through: bool = False

    def close(self) -> None:
        """Called once the state is closed, while nobody else can have it."""
        home = Home.at(self.search.folder)
        if self.is_through or self.had_state or not has_state(self.search):
            return
        with home.readable() as store:
            knows = (
                store.submissions.markers()
                or store.results.is_any_collected()
                or home.has_spent(store.lineage)
            )
        if not knows:
            home.discard()


@contextlib.contextmanager
def taken_up(
    search: Search,
    clock: Clock,
    remembered: Mapping[str, Mapping[str, str]] | None = None,
    closed: Callable[[], object] = lambda: None,
) -> Iterator[PlanSession]:
    """Hold the state, which has taken up the specs; in a dry run a copy of it. Raises as `recover`.

    `remembered` are versions of jobs of which the state knows none. `closed` is called when it is closed and still held.
    """
    with contextlib.ExitStack() as stack:
        rehearsal = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docbatch-")))
            if search.dry_run
            else None
        )
        # Recovering writes no outputs, and after a state was lost those of before are nobody's.
        permitted = replace(search, allowed=frozenset(Permission))
        session = stack.enter_context(
            locked_session(
                permitted,
                clock,
                left=_named,
                rehearsal=rehearsal,
                only=search.only,
                remembered=remembered,
                closed=closed,
            )
        )
        session.record()
        yield session
        session.store.publish(Publication.DECISION)


def recover_with(
    search: Search,
    session: PlanSession,
    clock: Clock,
    observe: Observer,
    announce: Announce,
) -> Recovered:
    """Do what `recover` does, on a state that has taken up the specs."""
    store = session.store
    restored = store.restored()
    paid = charging(session)
    require_names(search, paid)
    unsearched = {
        name: why
        for name in sorted(paid)
        if name not in search.absent and (why := barrier(search, session, name))
    }
    asked = sorted(paid - unsearched.keys() - search.absent)
    if restored is not None and not search.dry_run:
        _let_lists_settle(session, asked, clock, observe)
    # Two connections may speak for one account.
    found = {
        each.marker: each for name in asked for each in unknown_work(search, session, name, clock, observe)
    }
    unsearched.update(
        {name: error.message for name, error in session.connections.troubles.items() if name in paid}
    )
    judgements = tuple(judge(session, found.values(), search.abandoned))
    errors = tuple(session.connections.troubles.values())
    agreed = announce(judgements)
    outcome = Recovered(judgements, restored, unsearched, errors, declined=not agreed, asked=tuple(asked))
    if agreed:
        for each in judgements:
            settle(search, session, each, clock.wall())
        if outcome.is_trusted:
            store.trust()
    return outcome


def _named(store: Store) -> set[str]:
    return {name for name, _ in store.documents.connections()}


def charging(session: PlanSession) -> set[str]:
    """Return the connections that charge, of all that jobs or the state name."""
    views = session.connections.views()
    present = {name for name, view in views.items() if not view.traits.free}
    missing = {
        name
        for name, provider in session.store.documents.connections()
        if name not in views
        and not (provider in REGISTRY and REGISTRY.kind(provider).traits(Settings(name, provider)).free)
    }
    return present | missing


def has_state(search: Search) -> bool:
    """Say whether there is a state: a search that is refused is to leave none behind that knows nothing."""
    return Home.at(search.folder).exists()


def require_names(search: Search, paid: set[str]) -> None:
    for name in sorted({*search.absent, *({search.only} if search.only else ())}):
        if name not in paid:
            raise UsageError(
                f"no job and no recorded work uses a connection '{name}' that charges",
                hint=f"there are {', '.join(sorted(paid)) or 'none'}",
            )


def barrier(search: Search, session: PlanSession, name: str) -> str | None:
    """Say why a connection cannot be searched, if so."""
    view = session.connections.views().get(name)
    if view is None:
        return "docbatch.yaml no longer has it"
    if view.traits.recovery is Recovery.NONE:
        return "the vendor offers no way to look for work"
    return "it was left out" if search.only not in {None, name} else None


def _let_lists_settle(session: PlanSession, asked: Sequence[str], clock: Clock, observe: Observer) -> None:
    """Wait until even the last work that may have been sent shows in the vendors' lists."""
    last = session.store.last_spent()
    grace = max((session.connections[name].traits.grace for name in asked), default=0.0)
    if last is None or not grace:
        return
    passed = max(0.0, clock.wall() - last)
    if passed < grace:
        observe(Waiting(grace - passed, "vendors' lists may not show yet what was sent last"))
        pause(clock, clock.monotonic() + grace - passed)


def unknown_work(
    search: Search, session: PlanSession, name: str, clock: Clock, observe: Observer
) -> Iterator[UnknownWork]:
    """Yield the work on one connection that the state does not know; its trouble does not stop the others."""
    if name in session.connections.troubles:
        return
    connection = session.connections[name]

    def survey(provider: Provider) -> Survey:
        return surveyed(provider.survey(_prefix(search)))

    try:
        shown = patiently(
            clock, lambda: complete(clock, connection.ask(ProviderCall.SURVEY, survey, gives=Survey), observe)
        )
        for marker in sorted(frozenset(shown.markers) - session.store.submissions.markers()):
            yield UnknownWork(marker, name, connection.account, _recall(connection, marker, clock, observe))
    except (CredentialsError, ProviderError) as error:
        connection.cut(error)


def _recall(connection: ProviderConnection, marker: str, clock: Clock, observe: Observer) -> Recalled | None:
    def recall(provider: Provider) -> Recalled:
        return provider.recall(marker)

    try:
        return patiently(
            clock,
            lambda: complete(clock, connection.ask(ProviderCall.RECALL, recall, gives=Recalled), observe),
        )
    except Gone:
        return None


def settle(search: Search, session: PlanSession, judgement: Judgement, now: float) -> None:
    found = judgement.found
    match judgement.verdict:
        case UnknownWorkVerdict.TAKEN:
            record_unknown_work(session, judgement, found.marker.removeprefix(_prefix(search)), now)
        case UnknownWorkVerdict.KNOWN | UnknownWorkVerdict.ABANDONED:
            session.store.submissions.abandon(found.marker, found.connection, found.account)
        case UnknownWorkVerdict.LEFT:
            pass


def _prefix(search: Search) -> str:
    return f"{search.of_project or search.project}-"
