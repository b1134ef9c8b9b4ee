"""What a pipeline of Airflow or Dagster does with docbatch: the functions without either, and the pipelines where they are installed."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from docbatch.core.models import FailureClass
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.scenario import DocumentFate, Scenario
from docbatch.state.lock import hold
from tests.cli.project import Project
from tests.providers.extend.project import extend_project

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator


@pytest.fixture
def project(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    return extend_project(tmp_path, vendor)


def imported(name: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES / folder))
    for each in ("invoices_tasks", name):
        monkeypatch.delitem(sys.modules, each, raising=False)
    return importlib.import_module(name)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return imported("invoices_tasks", "airflow", monkeypatch)


def test_documents_are_planned_sent_and_collected(project: Project, tasks: ModuleType) -> None:
    folder = str(project.root)

    planned = tasks.planned(folder)
    standing = tasks.sent(folder)
    assert any(tasks.collected(folder) for _ in range(100))

    assert planned == {"due": True, "documents": 3, "approval": ""}
    assert sum(standing.values()) == 3
    assert tasks.standing(folder) == {"job: succeeded": 3}
    assert tasks.planned(folder)["due"] is False


def test_documents_that_failed_fail_the_last_step(
    project: Project, tasks: ModuleType, vendor: ExtendEmulator
) -> None:
    vendor.scenario = Scenario(
        documents=(DocumentFate(name="*", fails=FailureClass.CORRUPT, says="it is spoilt"),)
    )
    folder = str(project.root)
    tasks.sent(folder)

    with pytest.raises(tasks.Decide, match=r"documents failed: .*it is spoilt"):
        any(tasks.collected(folder) for _ in range(100))


def test_a_run_that_holds_the_state_is_waited_for(project: Project, tasks: ModuleType) -> None:
    folder = str(project.root)
    tasks.sent(folder)

    with hold(project.root / ".docbatch/lock"), pytest.raises(tasks.TryAgain, match="the state is locked"):
        tasks.collected(folder)


def test_what_a_guard_refuses_is_for_a_person(
    project: Project, tasks: ModuleType, vendor: ExtendEmulator
) -> None:
    file = project.root / "docbatch.yaml"
    file.write_text(f"{file.read_text()}require_approval_over: 0 USD\n")
    folder = str(project.root)
    approval = tasks.planned(folder)["approval"]

    with pytest.raises(tasks.Decide, match="somebody has to approve"):
        tasks.sent(folder)
    assert not vendor.ledger
    tasks.sent(folder, approval)
    assert len(vendor.ledger) == 3


def test_a_folder_without_jobs_is_for_a_person(tmp_path: Path, tasks: ModuleType) -> None:
    with pytest.raises(tasks.Decide):
        tasks.planned(str(tmp_path))


def test_dagster_runs_the_pipeline(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dagster", reason="dagster is not installed")
    monkeypatch.setenv("DOCBATCH_PROJECT", str(project.root))
    pipeline = imported("invoices_pipeline", "dagster", monkeypatch)
    monkeypatch.setattr(pipeline, "SECONDS", 0)

    first, second = pipeline.invoices.execute_in_process(), pipeline.invoices.execute_in_process()

    assert first.success
    assert second.success
    assert [event.step_key for event in second.get_step_skipped_events()] == ["send", "collect"]


def test_airflow_runs_the_pipeline(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("airflow", reason="apache-airflow is not installed")
    # Airflow reads where its own database is when it is imported.
    variables = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DOCBATCH_PROJECT": str(project.root),
        "PYTHONPATH": str(EXAMPLES / "airflow"),
    }
    run = "import invoices_dag; print('ended:', invoices_dag.pipeline.test().state)"
    for command in (["-m", "airflow", "db", "migrate"], ["-c", run]):
        ended = subprocess.run([sys.executable, *command], env=variables, capture_output=True, text=True, check=False)  # fmt: skip
        assert ended.returncode == 0, ended.stderr

    assert "ended: success" in ended.stdout
