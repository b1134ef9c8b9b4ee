"""What a command imports: the providers that are used, and of those that are only declared not more than the declaration."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import pytest

from docbatch.providers import REGISTRY
from tests.cli.project import Project

COUNT = """
import contextlib, io, json, sys
from docbatch import cli

sys.argv[0] = "docbatch"
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    cli.main()
print(json.dumps([*sys.modules]))
"""
VENDORS = tuple(f"docbatch.providers.{name}" for name in REGISTRY.names())
_PARTS = (
    "engines",
    "ocr",
    "ocr.tesseract_data",
    "ocr.ways",
    "options",
    "pins",
)
LOCAL = {"docbatch.providers.local", *(f"docbatch.providers.local.{part}" for part in _PARTS)}
DECLARED = """
project: {id: pabcdef012345}
providers:
  llamacloud: {rates: {in_flight: 2}}
  eu: {type: extend, api_key: {env: NONE}}
"""

ENGINE = "docbatch.engine."
SENT = {
    f"{ENGINE}running.{name}" for name in ("rounds.perform_actions", "send_submission", "follow_submission")
}
SENT |= {f"{ENGINE}running.{name}" for name in ("fetch_results", "manifest.list_outputs")}
SENT |= {f"{ENGINE}reading.result_reader_process", f"{ENGINE}administration.status"}
SENT |= {f"docbatch.core.{name}" for name in ("results", "manifest", "run_reports.values")}
"""What a run loads that sends, fetches or delivers, or a command that tells of all that is recorded."""
RUNS = {f"{ENGINE}running.loop", f"{ENGINE}connections.provider_connections", f"{ENGINE}progress_notices"}
RUNS |= {"docbatch.core.scheduler", "docbatch.providers.base", "docbatch.core.costs"}
"""What a run loads that looks for what is due, and a plan does without."""
SELECTING = {f"docbatch.sources.{name}" for name in ("selecting.conditions", "selecting.metadata_rows")}
SELECTING |= {"docbatch.sources.path_parts", "docbatch.specs.lists"}
STORES = {"docbatch.sources.objects", "docbatch.stores.object_store", "obstore"}
MOST = {"validate": 137, "plan": 310, "apply": 391}
"""So many of docbatch's own modules a command loads that finds nothing to do: each costs a third of a millisecond, and more with its values."""


def imported(project: Project, *arguments: str) -> set[str]:
    script = [sys.executable, "-c", COUNT, *arguments]
    done = subprocess.run(script, cwd=project.root, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def priced(modules: set[str]) -> set[str]:
    """Return what is about prices among the modules."""
    names = ("docbatch.prices", "docbatch.specs.pricing", "docbatch.core.tariffs", "docbatch.core.estimate")
    return {name for name in modules if name.startswith(names)}


def vendors(modules: set[str]) -> set[str]:
    """Return what of the providers' own folders is among the modules."""
    return {name for name in modules if name.startswith(VENDORS)}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["status"]])
def test_what_names_no_provider_imports_none(project: Project, arguments: Sequence[str]) -> None:
    assert vendors(imported(project, *arguments)) == set()


def test_a_plan_over_files_for_the_local_engine_imports_no_vendor(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.job()

    found = imported(project, "plan")

    assert vendors(found) == LOCAL
    assert {name for name in found if name.startswith(("docbatch.emulators", "docbatch.webhooks"))} == set()
    assert not {"httpx", "httpcore", "uvicorn", "xberg", "liteparse"} & found


def test_a_vendor_that_is_only_declared_costs_its_declaration_and_only_where_it_is_judged(
    project: Project,
) -> None:
    project.write({"docbatch.yaml": DECLARED, "in/a.txt": "one"})
    project.job()

    found = imported(project, "plan")

    assert vendors(found) == LOCAL | {"docbatch.providers.extend"}
    assert priced(found) == set()


def test_prices_are_looked_at_where_a_project_has_some(project: Project) -> None:
    own = "prices: [{provider: extend, credit: 0.01}]\n"
    project.write({"docbatch.yaml": f"project: {{id: pabcdef012345}}\n{own}", "in/a.txt": "one"})
    project.job()

    assert "docbatch.specs.pricing" in priced(imported(project, "plan"))


def test_a_plan_for_a_vendor_imports_neither_its_client_nor_another_vendor(project: Project) -> None:
    project.write({"docbatch.yaml": DECLARED, "in/a.txt": "one"})
    project.job("""
        apiVersion: docbatch/v1
        name: job
        source: {root: in, include: "**/*"}
        provider: eu
        sink: [{type: jsonl, path: out/all.jsonl}]
    """)

    assert vendors(imported(project, "plan")) == {
        "docbatch.providers.extend",
        "docbatch.providers.extend.configuring",
        "docbatch.providers.extend.configuring.advanced_options",
        "docbatch.providers.extend.configuring.option_model",
        "docbatch.providers.extend.moving_versions",
        "docbatch.providers.extend.options",
        "docbatch.providers.extend.charges",
        "docbatch.providers.extend.charges.parsing",
        "docbatch.providers.extend.charges.processors",
        "docbatch.providers.extend.charges.selection",
    }


@pytest.mark.parametrize("command", MOST)
def test_what_finds_nothing_to_do_loads_little(project: Project, command: str) -> None:
    project.write({"in/a.txt": "one"})
    project.job()
    assert project.call("apply").code == 0

    found = imported(project, command)

    idle = {*SENT, *SELECTING, *STORES} if command == "apply" else {*SENT, *RUNS, *SELECTING, *STORES}
    assert found & idle == set()
    assert len([name for name in found if name.startswith("docbatch")]) <= MOST[command]


def test_specs_are_checked_without_the_state_and_the_engine(project: Project) -> None:
    project.job()

    found = imported(project, "validate")

    assert {name for name in found if name.startswith(("docbatch.state", ENGINE, "docbatch.spool"))} == set()
    assert "sqlite3" not in found


def test_what_the_first_tests_name_is_there() -> None:
    for name in {*SENT, *RUNS, *SELECTING, *STORES}:
        assert find_spec(name) is not None
