"""Two jobs that would change the state at once, on machines that share no file."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from docbatch.emulators.server import Emulator, Request
from docbatch.testing.patience import LONG, until
from tests.gitops.github_runner import GitHubRunner, WorkflowRun
from tests.gitops.lake import WRITES
from tests.gitops.machine import git
from tests.gitops.site import KEY, Site, paid
from tests.providers.local.pdf_pages import lines, pdf

INVOICE = pdf(lines("Invoice 0002"))


class StoppedVendor:
    """Answers nothing from its first payment on, until `goes_on`."""

    def __init__(self, vendor: Emulator) -> None:
        self.vendor = vendor
        self.is_paid, self.goes_on = Event(), Event()
        noted = vendor.committed

        def stopped(request: Request) -> None:
            noted(request)
            if vendor.payments and not self.goes_on.is_set():
                self.is_paid.set()
                self.goes_on.wait(10 * LONG)

        vendor.committed = stopped


@pytest.fixture
def stopped(vendor: Emulator) -> StoppedVendor:
    return StoppedVendor(vendor)


@pytest.fixture
def runner(site: Site) -> GitHubRunner:
    return site.github()


@pytest.fixture
def first(site: Site, runner: GitHubRunner, stopped: StoppedVendor) -> Iterator[Future[WorkflowRun]]:
    """A merge that is being applied: its document is paid, and nothing is heard of it yet."""
    with ThreadPoolExecutor() as pool:
        begun = pool.submit(applied, site, runner)
        try:
            assert stopped.is_paid.wait(LONG), begun.result()
            yield begun
        finally:
            stopped.goes_on.set()


def applied(site: Site, runner: GitHubRunner) -> WorkflowRun:
    return site.workflow(runner, "apply", git(site.remote, "rev-parse", "main"))


def succeeded(run: WorkflowRun) -> None:
    assert set(run.conclusions.values()) == {"success"}, [job.log for job in run.jobs.values()]


def test_who_does_not_wait_is_told_that_another_is_at_work(
    site: Site, first: Future[WorkflowRun], vendor: Emulator
) -> None:
    machine = site.machine()
    machine.clone(site.remote, "main")

    refused = machine.shell("docbatch collect --no-wait", {"EXTEND_API_KEY": KEY, **WRITES})

    assert refused.code == 11
    assert "the state is held by process" in refused.log
    assert paid(vendor) == ["invoice-0001.pdf"]


def test_a_second_merge_waits_for_the_first_and_sends_what_was_approved_of_it(
    site: Site, runner: GitHubRunner, first: Future[WorkflowRun], stopped: StoppedVendor
) -> None:
    site.commit(site.clone, "main", {"inbox/invoice-0002.pdf": INVOICE})
    lake = site.lake
    asked = len(lake.asked_by(WRITES))

    with ThreadPoolExecutor() as pool:
        second = pool.submit(applied, site, runner)
        until(
            lambda: f"GET {lake.bucket.name}/state/lease" in lake.asked_by(WRITES)[asked:],
            "the second asks who has the state",
        )
        stopped.goes_on.set()
        succeeded(first.result())
        succeeded(second.result())

    assert "waiting for it to end" in second.result().jobs["apply"].log
    assert "Will send 1 document" in second.result().jobs["plan"].summary
    assert paid(stopped.vendor) == ["invoice-0001.pdf", "invoice-0002.pdf"]


@pytest.mark.full
def test_a_job_that_dies_holds_up_the_next_for_some_minutes_and_is_paid_once(
    site: Site, runner: GitHubRunner, first: Future[WorkflowRun], stopped: StoppedVendor
) -> None:
    lease = site.lake.bucket.objects()["state/lease"].decode()
    found = re.search(r'"process":(\d+)', lease)
    assert found is not None
    os.kill(int(found[1]), signal.SIGKILL)
    stopped.goes_on.set()
    assert first.result().conclusions["apply"] == "failure"
    site.commit(site.clone, "main", {"inbox/invoice-0002.pdf": INVOICE})

    second = applied(site, runner)

    succeeded(second)
    assert "did not let go of the state" in second.jobs["apply"].log
    assert paid(stopped.vendor) == ["invoice-0001.pdf", "invoice-0002.pdf"]
