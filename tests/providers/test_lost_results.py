"""Results that the spool lost, through the real command at each emulated vendor: fetched again, and nothing is paid again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import LlamaCloud
from tests.cli.project import Project
from tests.kept_results import kept_results
from tests.providers.extend.project import extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud

CASES = ("extend", "extend extract", "llamacloud", "extractpage")
Applied = tuple[Project, ExtendEmulator | LlamaCloud | ExtractPage]


@contextmanager
def applied(case: str, root: Path) -> Iterator[Applied]:
    """Yield a project whose documents are all processed and written, and its vendor."""
    vendor = {"extend": ExtendEmulator, "llamacloud": LlamaCloud, "extractpage": ExtractPage}[
        case.split(maxsplit=1)[0]
    ]
    with vendor() as emulator:
        project: Project
        match emulator:
            case ExtendEmulator():
                project = extend_project(root, emulator, operation=(case.split()[1:] or ["parse"])[0])
            case LlamaCloud():
                project = llamacloud.project(root, emulator)
            case _:
                project = extractpage.project(root, emulator)
        project.applied()
        yield project, emulator


def lose(project: Project, *folders: str) -> None:
    for folder in folders:
        shutil.rmtree(project.root / folder, ignore_errors=True)


@pytest.mark.parametrize("case", CASES)
def test_an_emptied_spool_is_filled_again_from_the_vendor(tmp_path: Path, case: str) -> None:
    with applied(case, tmp_path) as (project, vendor):
        before, paid = project.outputs(), list(vendor.ledger)
        lose(project, ".docbatch/spool", "out", "json")
        planned = project.call("plan")
        project.applied()

        assert "to be brought back, free of charge" in planned.out
        assert project.outputs() == before
        assert list(vendor.ledger) == paid
        assert project.call("state", "check").code == 0


@pytest.mark.parametrize("case", CASES)
def test_a_backup_that_was_put_back_without_results_fetches_them_again(tmp_path: Path, case: str) -> None:
    with applied(case, tmp_path) as (project, vendor):
        before, paid = project.outputs(), list(vendor.ledger)
        project.call("state", "backup", "--without-results", str(tmp_path / "kept.db"))
        lose(project, ".docbatch", "out", "json")
        (project.root / ".docbatch").mkdir()
        shutil.copy(tmp_path / "kept.db", project.root / ".docbatch/state.db")
        project.applied()

        assert project.outputs() == before
        assert list(vendor.ledger) == paid


@pytest.mark.parametrize("case", CASES)
def test_an_altered_result_comes_back_after_a_repair(tmp_path: Path, case: str) -> None:
    with applied(case, tmp_path) as (project, vendor):
        before, paid = project.outputs(), list(vendor.ledger)
        first, *_ = kept_results(project.root / ".docbatch")
        first.write_bytes(b"altered")
        found = project.call("state", "check")
        repaired = project.call("state", "check", "--repair")
        project.applied()

        assert found.code == repaired.code == 1
        assert "run 'docbatch state check --repair'" in found.out
        assert "1 result will be brought back; run 'docbatch apply'" in repaired.out
        assert project.call("state", "check").code == 0
        assert project.outputs() == before
        assert list(vendor.ledger) == paid
