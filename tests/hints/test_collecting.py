"""The hint of a run that only collects."""

from pathlib import Path

from docbatch.emulators.extend.service import ExtendEmulator
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project


@helps("nothing is sent: what is due to be sent waits for 'docbatch apply'")
def test_what_waits_while_a_run_collects(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor)
        told = project.call("collect")
        assert not vendor.ledger
        assert hints.follow(project, told).code == 0
        assert len(vendor.ledger) == 3


@helps("Nothing is sent: {}, to {}, wait for 'docbatch apply'.")
def test_the_plan_of_a_run_that_sends_nothing(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor)
        told = project.call("apply", "--max-new", "0")
        assert not vendor.ledger
        assert hints.follow(project, told).code == 0
        assert len(vendor.ledger) == 3
