"""Hints of limits that were reached."""

from pathlib import Path

from docbatch.emulators.extend.service import ExtendEmulator
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project

FIVE = {f"in/{name}.txt": f"text {name}" for name in "abcde"}


def limit(root: Path, most: int, per: str) -> None:
    file = root / "docbatch.yaml"
    before = file.read_text().partition("limits:")[0]
    file.write_text(f"{before}limits: [{{per: {per}, documents: {most}}}]\n")


@helps("the next 'docbatch apply' goes on")
def test_what_one_run_may_send(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor, documents=FIVE)
        limit(tmp_path, 3, "run")

        told = project.call("apply")
        assert (told.code, len(vendor.ledger)) == (5, 3)
        assert hints.follow(project, told).code == 0
        assert len(vendor.ledger) == 5


@helps("'docbatch apply' goes on from {} (UTC), or once the limit is raised")
def test_what_a_month_may_send(tmp_path: Path, hints: Hints) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor, documents=FIVE)
        limit(tmp_path, 3, "month")

        told = project.call("apply")
        again = project.call("apply")
        limit(tmp_path, 5, "month")
        assert (told.code, again.code) == (5, 5)
        assert "Run the same command again" not in told.out
        assert len(vendor.ledger) == 3
        assert hints.follow(project, told).code == 0
        assert len(vendor.ledger) == 5
