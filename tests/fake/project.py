"""A small project of real files over the fake cloud, applied as the command line does it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docbatch.core.guard import Permission
from docbatch.core.keys import recipe_key
from docbatch.core.limits import Limit
from docbatch.core.models import Operation, Recipe, Recovery
from docbatch.core.selectors import EVERYTHING, Selectors
from docbatch.engine.administration.recover_work import Recovered, Search, recover_with
from docbatch.engine.connections.provider_connections import Access, Connections
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.narrowing.narrow_plan import Narrowing
from docbatch.engine.planning.plan import plan_jobs
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Notice
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.replan_changed_document import replan
from docbatch.engine.running.run_context import Run
from docbatch.sinks.document_files import FilesSink
from docbatch.sinks.files import KIND
from docbatch.sinks.trash import Trash
from docbatch.sources.folder import FolderSource
from docbatch.sources.statcache import StatCache
from docbatch.spool import Spool
from docbatch.state.home import Home
from docbatch.state.store import Store
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.fake.provider import FakeProvider, traits
from docbatch.testing.patience import comes_true
from docbatch.testing.tripwire import ENDLESS, Tripwire, wired

PROJECT = "proj"
TEXTS = {
    "a.txt": "apple",
    "b.txt": "a bad one",
    "c.txt": "cherry",
    "d.txt": "partial date",
    "copy.txt": "apple",
}


class CloudClock:
    """Lets the cloud's time pass instead of waiting for it."""

    def __init__(self, cloud: Cloud, later: float = 0.0) -> None:
        self._cloud = cloud
        self._later = later
        self._waits = 0

    def monotonic(self) -> float:
        return self._cloud.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self._later + self._cloud.now

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        self._waits += 1
        assert self._waits < ENDLESS, "the run does not come to an end"
        self._cloud.pass_time(until - self._cloud.now)

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        assert comes_true(has_news), "a call that is under way does not come back"

    def wake(self) -> None:
        pass


@dataclass
class Project:
    root: Path
    kind: Recovery = Recovery.FINDABLE
    account: str = "acme"
    job: str = "job"
    connection: str = "fake"
    cloud_options: dict[str, float] = field(default_factory=dict)
    trait_options: dict[str, Any] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    timeout: float | None = None
    limits: tuple[Limit, ...] = ()
    selectors: Selectors = EVERYTHING
    later: float = 0.0
    """Seconds by which this machine's clock is ahead of the cloud's."""

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.root / "cloud.db", **self.cloud_options)

    @property
    def folder(self) -> Path:
        return self.root / ".docbatch"

    def write(self, texts: dict[str, str] = TEXTS) -> None:
        for name, text in texts.items():
            path = self.root / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def target(self, **changes: Any) -> ResolvedJob:
        recipe = Recipe("fake", self.account, Operation.PARSE)
        out = os.fsencode(self.root / "out")
        sink = ResolvedSink(
            kind=KIND,
            identity="files",
            root=out,
            output=None,
            place=lambda path, _digest, _size: path + b".md",
            open=lambda: FilesSink(self.root / "out", form="markdown", trash=Trash(self.folder / "trash")),
        )
        values: dict[str, Any] = {
            "name": self.job,
            "connection": self.connection,
            "operation": Operation.PARSE,
            "traits": traits(self.kind, **self.trait_options),
            "recipe": recipe,
            "recipe_key": recipe_key(recipe),
            "source": FolderSource(self.root / "in", ("**/*.txt",)),
            "timeout": self.timeout,
            "limits": self.limits,
            "sinks": (sink,),
        }
        return ResolvedJob(**{**values, **changes})

    def apply(
        self,
        tripwire: Tripwire | None = None,
        *,
        wait: bool = True,
        deadline: float = float("inf"),
        **run_options: Any,
    ) -> Run:
        """Do what `docbatch apply` does; with a tripwire, die at its point."""
        with self.taken_up(self.target(), wire=tripwire) as (session, clock):
            run = self.run(session, clock, **run_options)
            reconcile(run, wait=wait, deadline=deadline)
        return run

    def run(self, session: PlanSession, clock: CloudClock, **options: Any) -> Run:
        """Return the context of a run on what was taken up."""
        narrowed = session.plan.narrowed
        return Run(
            under="" if narrowed is None else narrowed.options,
            store=session.store,
            spool=session.spool,
            connections=session.connections,
            targets=session.targets,
            clock=clock,
            observe=self._observe,
            project=PROJECT,
            replan=replan,
            **options,
        )

    def recover(self, tripwire: Tripwire | None = None, *, agree: bool = True, **search: Any) -> Recovered:
        """Do what `docbatch recover` does, the moment after something was sent last."""
        with self.taken_up(self.target(), wire=tripwire) as (session, clock):
            serial = self.folder / "serial"
            if serial.exists():
                os.utime(serial, (clock.wall(), clock.wall()))
            where = Search((), self.folder, PROJECT, **search)
            return recover_with(where, session, clock, self._observe, lambda _found: agree)

    @contextlib.contextmanager
    def taken_up(
        self, *targets: ResolvedJob, wire: Tripwire | None = None
    ) -> Iterator[tuple[PlanSession, CloudClock]]:
        """Hold the state and record what the documents are."""
        wire = wire or Tripwire()
        cloud = self.cloud
        kind = traits(self.kind, **self.trait_options)
        provider = FakeProvider(cloud, kind, wire, self.account)
        line = Access(self.connection, self.account, kind, lambda: provider, provider.read)
        self.folder.mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            stack.callback(cloud.close)
            stack.enter_context(wired(wire))
            home = Home.at(self.folder)
            stack.enter_context(home.hold())
            store = stack.enter_context(home.writable())
            differences = stack.enter_context(Differences())
            spool = Spool(home.spool, store.results, packs=home.packs)
            stack.callback(spool.close)
            spool.sweep()
            spool.clear_leftovers(whole=store.restored() is None)
            # Where tests lose or cut the state, outputs of before are there.
            outputs = {Permission.OVERWRITTEN}
            clock = CloudClock(cloud, self.later)
            chosen = Narrowing(self.selectors, clock.wall()) if self.selectors.are_any else None
            plan = plan_jobs(
                targets, (), store, StatCache(None), differences, allowed=outputs, narrowing=chosen
            )
            connections = Connections([line], threads=False, now=clock.monotonic)
            session = PlanSession(store, spool, connections, plan, wall=clock.wall)
            session.record()
            yield session, clock

    def _observe(self, notice: Notice) -> None:
        self.notices.append(notice)

    def outputs(self) -> dict[str, str]:
        out = self.root / "out"
        return {str(path.relative_to(out)): path.read_text() for path in out.rglob("*") if path.is_file()}

    def paid(self) -> dict[str, int]:
        return self.cloud.paid()

    def statuses(self) -> dict[str, int]:
        with Store.readable(self.folder) as store:
            return store.documents.tally(self.job)
