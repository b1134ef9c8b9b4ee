"""Hints of guards: the command that each names does what was refused."""

from pathlib import Path

from docbatch.core.models import FailureClass
from docbatch.core.spending_guards import TRIAL
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.scenario import DocumentFate, Scenario
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project


def guard(root: Path, text: str) -> None:
    file = root / "docbatch.yaml"
    file.write_text(f"{file.read_text()}{text}\n")


@helps("'docbatch apply {}' lets it pass this once{}")
def test_what_guards_refuse(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor)
        guard(tmp_path, "guards: {max_new: 2, max_money: 1 USD}\nrequire_approval_over: 2 USD")

        told = project.call("apply", "--yes")
        assert (told.code, len(vendor.ledger)) == (6, 0)
        assert hints.follow(project, told).code == 0
        assert len(vendor.ledger) == 3


@helps(
    "nothing more was sent; mend the cause and apply again, or let 'docbatch apply --allow {}' send the rest all the same; for good, change {}"
)
def test_where_too_much_fails(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        spoilt = DocumentFate(name="*", fails=FailureClass.CORRUPT, says="it is spoilt")
        vendor.scenario = Scenario(documents=(spoilt,))
        many = {f"in/{number}.txt": f"text {number}" for number in range(TRIAL + 5)}
        project = extend_project(tmp_path, vendor, documents=many)
        guard(tmp_path, "guards: {max_failed: 20%}")

        told = project.call("apply", "--yes")
        assert (told.code, len(vendor.ledger)) == (6, TRIAL)
        assert hints.follow(project, told).code == 3
        assert len(vendor.ledger) == TRIAL + 5
