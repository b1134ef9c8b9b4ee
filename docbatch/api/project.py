"""A project as programs see it. Paths are settled when it is opened: the current folder plays no part afterwards."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.api.arguments import (
    Day,
    Place,
    Specs,
    days,
    paths_of,
    permissions,
    require_same_environment,
    require_same_paths,
    spec_paths,
    waits_for_lock,
)
from docbatch.api.documented_errors import documented
from docbatch.api.failure_calls import FailureCalls
from docbatch.core.errors import NoState, StateError, UsageError
from docbatch.specs.load import load_jobs, passed_over
from docbatch.specs.values import Job

if TYPE_CHECKING:
    from docbatch.api.checked_job import CheckedJob
    from docbatch.api.selected_jobs import Work
    from docbatch.core.costs import CostReport
    from docbatch.core.explanation import Explanation
    from docbatch.core.report import PlanReport
    from docbatch.core.results import Result
    from docbatch.core.run_reports.values import RunReport
    from docbatch.core.selectors import Selectors
    from docbatch.engine.administration.status import StateStatus
    from docbatch.engine.planning.saved.plan_file import SavedPlan
    from docbatch.engine.progress_notices import Notice
    from docbatch.engine.running.apply import ApplyOutcome, Assignment
    from docbatch.engine.running.rounds.interruption import Interruption
    from docbatch.sources.settling import Settling
    from docbatch.spool import Spool
    from docbatch.state.store import Store


class Project(FailureCalls):
    """A project, opened by `open_project`. It holds nothing open, and may be used from several threads at once.

    docbatch.yaml was read when it was opened; specs of jobs are read by each call. Relative paths are relative to the
    folder that it was opened with. Every method may raise what is wrong with specs, paths and names (SpecError,
    UsageError) and with the state (StateError).
    """

    def __repr__(self) -> str:
        return f"<docbatch project {self.root}>"

    @property
    def root(self) -> Path:
        """The absolute folder that paths in specs are relative to."""
        return self._declared.root

    @property
    def id(self) -> str | None:
        """The project's id, in its environment; None without a docbatch.yaml."""
        return self._declared.id

    def validate(self, paths: Specs = None, *, plan: Place | None = None) -> "tuple[CheckedJob, ...]":
        """Return the jobs that the specs declare; with `plan`, a saved plan, those it was made for.

        Asks nobody and reads no keys. Raises SpecError with every error of all specs, in all environments of the project.
        """
        from docbatch.api.checked_job import checked

        specs = spec_paths(paths)
        saved = self._saved(plan, specs)
        jobs = load_jobs(self._declared, specs or paths_of(saved), in_every_environment=True)
        return tuple(map(checked, jobs))

    def remarks(self, paths: Specs = None) -> tuple[str, ...]:
        """Return sentences about what lies among the specs and is not read, though it looks like one."""
        return passed_over(self._declared, spec_paths(paths))

    @documented()
    def plan(
        self,
        paths: Specs = None,
        *,
        select: "Selectors | None" = None,
        upgrade: Collection[str] = (),
        examples: int | None = 10,
        out: Place | None = None,
        allow: Collection[str] = (),
        pages: bool = True,
        allow_hosts: Collection[str] = (),
        offline: bool = False,
        on_event: "Callable[[Notice], object] | None" = None,
    ) -> "PlanReport":
        """Return what `apply` would do and why; each line names `examples` documents, None for all of them.

        No state is written and no vendor's key needed. `out` is a file for the plan, from which `apply(plan=…)` does exactly that. `select`,
        `upgrade`, `allow` and `allow_hosts` are as for `apply`; `offline` no store is looked at. Without `pages` they are not counted; `on_event`
        is told, about once a second, how far that came. What guards would refuse are its `objections`. Raises GuardRefused, CredentialsError.
        """
        from docbatch.engine.planning.amounts.judge_spending import judged
        from docbatch.engine.planning.plan import CountedJobs, Selection, Sight
        from docbatch.engine.planning.plan_report import plan_report
        from docbatch.engine.planning.read_plan import read_plan

        everything = Selection(
            *(self._jobs_beside(out, specs := spec_paths(paths), upgrade), self._folder, self._declared.mark),
            is_all=not specs,
            upgrade=frozenset(upgrade),
            stateless=self._declared.untrusted,
            allowed=permissions(allow),
            notes=self.remarks(specs or None),
            prices=lambda: self._declared.prices,
            counted=CountedJobs.ALL if pages else CountedJobs.NONE,
            guards=self._declared.guards,
            stores=self._declared.stores,
            allowed_hosts=frozenset(allow_hosts),
            offline=offline,
        )
        sight = Sight(observe=on_event or (lambda _notice: None))
        with read_plan(asked := self._narrowed(everything, select), sight) as made:
            report = judged(
                plan_report(made, self._spool(made.store), -1 if examples is None else examples), made, asked
            )
            if out is not None:
                from docbatch.engine.planning.saved.plan_file import save

                save(Path(out), self._declared, made, report, map(str, specs))
        return report

    @waits_for_lock
    def apply(
        self,
        paths: Specs = None,
        *,
        on_event: "Callable[[Notice], object] | None" = None,
        agree: "Callable[[PlanReport], bool] | None" = None,
        wait: bool = True,
        timeout: float | None = None,
        select: "Selectors | None" = None,
        max_new: int | None = None,
        upgrade: Collection[str] = (),
        allow_hosts: Collection[str] = (),
        allow: Collection[str] = (),
        approve: str | None = None,
        plan: Place | None = None,
        report: Place | None = None,
        stop: "Interruption | None" = None,
        lock_timeout: float = 0.0,
        settling: "Settling | None" = None,
    ) -> "ApplyOutcome":
        """Send, follow, collect and deliver until nothing is due; return how the jobs stand then.

        Safe to end at any moment: the next call goes on; `stop.ask()`, from any thread, ends it soon. Unless `agree`, shown the plan,
        says True, nothing is done; without it money is spent. `on_event` gets each notice; what both raise is raised. `wait=False` leaves
        what runs at services; `timeout` (seconds) bounds all, `max_new` what is newly sent, `select` says which jobs and documents, `upgrade`
        names jobs that take current versions, `allow_hosts` whose key may go elsewhere, `allow` what guards let pass; `approve` is a plan's
        `approval`, `plan` a file done exactly, `lock_timeout` for how many seconds another run is waited for; what may still be written is
        left to a later call with this `settling`.
        """
        from docbatch.api.notified_run import notified

        self._refuse_untrusted(max_new=max_new, timeout=timeout, lock_timeout=lock_timeout)
        work = replace(
            self._assignment(paths, plan, upgrade),
            wait=wait,
            timeout=timeout,
            max_new=max_new,
            allowed_hosts=frozenset(allow_hosts),
            allowed=permissions(allow),
            approved=approve,
            stop=stop,
            settling=settling,
        )
        return notified(self._declared, report, self._narrowed(work, select, work.plan), on_event, agree)

    @documented()
    def status(self, job: str | None = None, *, select: "Selectors | None" = None) -> "StateStatus":
        """Return what is recorded, of one job or of all, or of what is selected, also while a run goes on. Raises NoState."""
        from docbatch.api.declared_limits import declared_limits
        from docbatch.api.selected_jobs import recorded_jobs
        from docbatch.core.selectors import EVERYTHING
        from docbatch.engine.administration.status import read_status
        from docbatch.state.home import Home

        if self._declared.untrusted:
            what = "the state in a repository that is not trusted is not looked at"
            raise NoState(what, hint="leave out --untrusted where it is your own")
        with Home.at(self._folder).readable() as store:
            return read_status(
                store,
                recorded_jobs(store, job, select, self._jobs),
                now=time.time(),
                selectors=select or EVERYTHING,
                limits=declared_limits(self._declared),
                connections=self._declared.connections,
                root=self._declared.root,
            )

    @documented()
    def report(self, folder: Place, job: str | None = None) -> "RunReport":
        """Write a report of how the jobs stand, of one or of all, into a folder, and return it. Raises NoState, SinkError."""
        from docbatch.api.reports.project_reports import write_standing

        self._refuse_untrusted()
        return write_standing(self._declared, folder, job)

    @documented()
    def costs(
        self,
        by: Collection[str] = ("job",),
        *,
        since: Day = None,
        until: Day = None,
        job: str | None = None,
    ) -> "CostReport":
        """Return what paid work came to, of one job or of all, also while a run goes on.

        There is a line for each group: `by` has what they are told by, `job`, `month`, `day`, `connection`, `label.NAME`.
        `since` and `until` are the first and the last day (UTC) on which it was sent, or months. Raises NoState.
        """
        from docbatch.engine.administration.costs import read_costs
        from docbatch.state.home import Home

        self._refuse_untrusted()
        first, last = days(since, until)
        with Home.at(self._folder).readable() as store:
            return read_costs(store, by, since=first, until=last, job=job)

    @documented()
    def explain(
        self,
        document: Place,
        paths: Specs = None,
        *,
        allow_hosts: Collection[str] = (),
        offline: bool = False,
    ) -> "tuple[Explanation, ...]":
        """Say, for each job that has the document, why it will or will not be sent, naming what changed.

        The document is named by its path, from its source's root as well, by its link, or by its key. `allow_hosts` and
        `offline` are as for `plan`.
        """
        from docbatch.engine.planning.explained.explain_document import explain
        from docbatch.engine.planning.plan import Selection

        specs = spec_paths(paths)
        jobs = self._jobs(specs, looks=True)
        selection = Selection(
            jobs,
            self._folder,
            self._declared.mark,
            is_all=not specs,
            stateless=self._declared.untrusted,
            stores=self._declared.stores,
            allowed_hosts=frozenset(allow_hosts),
            offline=offline,
        )
        return tuple(explain(os.fspath(document), selection, self._declared.here))

    @documented()
    def results(
        self, job: str | None = None, *, on_error: Callable[[StateError], object] | None = None
    ) -> "Iterator[Result]":
        """Return an iterator over the results of one job's documents, or of all jobs', in order of jobs and paths.

        They are read from what is recorded while the iterator goes on, a few at a time, also while a run goes on. One that
        is missing or damaged is raised as StateError, which ends the iterator; with `on_error`, that is called with the
        error instead and the others follow. Raises NoState.
        """
        from docbatch.api.job_results import results
        from docbatch.engine.administration.edit_state import named_jobs
        from docbatch.state.home import Home

        self._refuse_untrusted()
        with Home.at(self._folder).readable() as store:
            names = named_jobs(store, job)
        return results(self._folder, names, on_error)

    def _spool(self, store: "Store | None") -> "Spool":
        from docbatch.spool import Spool
        from docbatch.state.home import Home

        home = Home.at(self._folder)
        return Spool(home.spool, None if store is None else store.results, packs=home.packs)

    def _assignment(self, paths: Specs, plan: Place | None, upgrade: Collection[str]) -> "Assignment":
        from docbatch.engine.running.apply import Assignment

        saved = self._saved(plan, specs := spec_paths(paths))
        jobs = self._jobs(named := specs or paths_of(saved), upgrade, looks=True)
        return Assignment(
            *(jobs, self._folder, self._declared.mark),
            is_all=not named,
            connections=() if specs else tuple(self._declared.connections.values()),
            stores=self._declared.stores,
            shared_pace=self._declared.shared_pace,
            upgrade=frozenset(upgrade),
            notes=self.remarks(named or None),
            prices=lambda: self._declared.prices,
            plan=saved,
            guards=self._declared.guards,
        )

    def _jobs_beside(
        self, out: Place | None, specs: Sequence[Path], upgrade: Collection[str]
    ) -> tuple[Job, ...]:
        """Return the jobs. Raises UsageError where one of them would read the file that is to be written."""
        from docbatch.api.reports.project_reports import require_unread

        jobs = self._jobs(specs, upgrade, looks=True)
        if out is not None:
            require_unread(self._declared, out, jobs)
        return jobs

    def _jobs(
        self, specs: Sequence[Path], upgrade: Iterable[str] = (), *, looks: bool = False
    ) -> tuple[Job, ...]:
        """Return the jobs; lists on standard input are read where their documents are looked at."""
        jobs = load_jobs(self._declared, specs, reads_input=looks)
        known = {job.name for job in jobs}
        for name in upgrade:
            if name not in known:
                raise UsageError(
                    f"there is no job '{name}' to upgrade", hint=f"known are {', '.join(sorted(known))}"
                )
        return jobs

    def _narrowed(self, work: "Work", select: "Selectors | None", saved: "SavedPlan | None" = None) -> "Work":
        if select is None and saved is None:
            return work
        from docbatch.api.selected_jobs import narrowed

        return narrowed(work, select, saved)

    def _saved(self, plan: Place | None, specs: Sequence[Path]) -> "SavedPlan | None":
        if plan is None:
            return None
        from docbatch.engine.planning.saved.plan_file import load

        saved = load(Path(plan), self._declared.here)
        require_same_paths(specs, saved)
        require_same_environment(saved, self._declared.environment)
        return saved
