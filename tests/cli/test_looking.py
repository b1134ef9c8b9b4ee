"""What may or may not be at a vendor is told with the time until which it is looked for, by every command that shows work."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from docbatch.core.moments import iso_moment
from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        # Noon of today, so that the times below are of one day.
        noon = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0).timestamp()
        emulator.clock = lambda: noon
        yield emulator


@pytest.fixture
def project(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    vendor.create_faults = ["lost_before"]
    made = extend_project(tmp_path, vendor, grace=600)
    vendor.haste = 0.0
    return made


TOLD = "looking until 12:10, 1 of 4 looks so far"


def test_it_is_told_once_while_it_runs_and_in_the_last_lines(project: Project) -> None:
    project.call("apply", "--no-wait")
    ended = project.call("apply", "--no-wait")

    assert ended.code == 4
    assert ended.err.count(TOLD) == 1
    assert ended.out.count(f": {TOLD}\n") == 1


def test_status_and_explain_tell_it_without_a_network(project: Project, vendor: ExtendEmulator) -> None:
    project.call("apply", "--no-wait")
    project.call("apply", "--no-wait")
    asked = len(vendor.requests)

    assert TOLD in project.call("status").out
    assert TOLD in project.call("explain", "in/one.txt").out
    assert len(vendor.requests) == asked


def test_json_has_it_as_values(project: Project, vendor: ExtendEmulator) -> None:
    project.call("apply", "--no-wait")
    ended = project.call("apply", "--no-wait", "--json")
    status = next(line for line in project.call("status", "--json").lines if line["type"] == "submission")

    wanted = {"for": "empty", "count": 1, "needed": 4, "until": iso_moment(vendor.clock() + 600)}
    assert status["looking"] == wanted
    assert ended.lines[-1]["looking"] == [{"subject": status["id"], **wanted}]
    (notice,) = [line for line in ended.lines if line["type"] == "looking"]
    assert (notice["count"], notice["needed"], notice["until"]) == (1, 4, wanted["until"])
