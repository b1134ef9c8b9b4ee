"""A sink whose store cannot be reached: its own trouble, while all else is sent, collected, kept and written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Response
from tests.cli.project import Ended, Project
from tests.cli.stored_project import VARIABLES
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.stores.fault_proxy import FaultProxy, refusal, refusing, slow_down
from tests.stores.moto_server import MotoBucket, moto_bucket

SINKS = """sink:
  - {type: files, store: lake, path: "out/{{ doc.path }}.md"}
  - {type: jsonl, store: lake, path: rows/all.jsonl}
  - {type: files, path: "out/{{ doc.path }}.md"}
"""
OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: others, include: "**/*"}
provider: local
sink:
  - {type: files, path: "other/{{ doc.path }}.md"}
"""


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[FaultProxy]:
    with FaultProxy(bucket.endpoint) as proxy:
        yield proxy


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as vendor:
        yield vendor


@pytest.fixture
def project(
    tmp_path: Path,
    vendor: ExtendEmulator,
    proxy: FaultProxy,
    bucket: MotoBucket,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """A project of which all documents of one job are with the vendor, and another job has nothing done."""
    monkeypatch.setattr("docbatch.stores.object_store._RETRIES", 0)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    made = extend_project(tmp_path, vendor)
    spec = made.root / "jobs/job.yaml"
    spec.write_text(spec.read_text().partition("sink:")[0] + SINKS)
    settings = made.root / "docbatch.yaml"
    settings.write_text(
        settings.read_text()
        + f"stores:\n  lake: {{type: s3, bucket: {bucket.name}, endpoint: '{proxy.endpoint}', region: eu-central-1,"
        " access_key: {env: LAKE_KEY}, secret_key: {env: LAKE_SECRET}}\n"
    )
    vendor.latency = 36_000
    assert made.call("apply", "--yes", "--no-wait").code == 4
    assert len(vendor.ledger) == len(DOCUMENTS)
    vendor.latency = 0.0
    for run in vendor.runs.values():
        run.visible = run.ends = 0.0
    made.write({"others/x.txt": "the other document"})
    made.job(OTHER, "other")
    return made


def applied(project: Project) -> Ended:
    return project.call("apply", "--yes", "--json")


@pytest.mark.parametrize("refused", [(slow_down(), 1), (refusal(403, "AccessDenied"), 12)])
def test_what_is_paid_is_collected_and_other_jobs_and_sinks_go_on(
    project: Project,
    vendor: ExtendEmulator,
    proxy: FaultProxy,
    bucket: MotoBucket,
    refused: tuple[Response, int],
) -> None:
    answer, code = refused
    project.write({"in/new.txt": "a new document\f"})
    paid = list(vendor.ledger)
    proxy.instead = refusing(None, answer)

    ended = applied(project)

    assert ended.code == code, ended
    assert "nothing new of it is sent" in ended.out
    assert set(project.outputs("other")) == {"x.txt.md"}
    assert set(project.outputs()) == {f"{name.removeprefix('in/')}.md" for name in DOCUMENTS}
    assert list(vendor.ledger) == paid
    assert bucket.objects() == {"rows/all.jsonl": b""}

    proxy.instead = lambda _request: None
    again = applied(project)
    assert again.code == 0, again
    assert set(bucket.objects()) == {f"out/{name}" for name in project.outputs()} | {"rows/all.jsonl"}
    assert len(project.outputs()) == len(DOCUMENTS) + 1
    assert len(vendor.ledger) == len(DOCUMENTS) + 1
    assert len(set(vendor.ledger)) == len(vendor.ledger)
    assert applied(project).code == 0


def test_the_last_lines_say_what_is_held_back_and_count_as_done_what_is_recorded_so(
    project: Project, proxy: FaultProxy
) -> None:
    assert applied(project).code == 0
    spec = project.root / "jobs/job.yaml"
    project.job(
        spec.read_text()
        .replace("name: job", "name: late")
        .replace("out/", "late/")
        .replace("rows/", "late-rows/"),
        "late",
    )
    project.write({"in/new.txt": "a new document\f", "in/newer.txt": "a newer document\f"})
    (project.root / min(DOCUMENTS)).unlink()
    proxy.instead = refusing(None, slow_down())

    told = project.call("apply", "--yes")

    assert told.code == 1
    number = len(DOCUMENTS)
    waits = "the next run goes on with it once that can be used"
    held = "held back, since a sink of it cannot be used: 2 to be sent"
    assert f"job: {number} of {number} documents done\n  {held}, 1 no longer found; what lies" in told.out
    assert f"late: {held}, {number - 1} to be written; {waits}" in told.out
    (line,) = [each for each in applied(project).lines if each["type"] == "outcome"]
    late = {"job": "late", "to_send": 2, "to_write": number - 1, "gone": 0, "wholly": True}
    assert line["held_back"] == [
        {"job": "job", "to_send": 2, "to_write": 0, "gone": 1, "wholly": False},
        late,
    ]


def test_what_stands_where_outputs_go_is_judged_by_the_run_that_sees_it(
    project: Project, proxy: FaultProxy, bucket: MotoBucket
) -> None:
    project.write({"in/new.txt": "a new document\f"})
    bucket.put("out/new.txt.md", b"somebody else's")
    proxy.instead = refusing(None, slow_down())
    assert applied(project).code == 1
    proxy.instead = lambda _request: None

    refused = applied(project)

    assert refused.code == 6
    assert "out/new.txt.md" in refused.err
    assert bucket.objects()["out/new.txt.md"] == b"somebody else's"
    assert project.call("apply", "--yes", "--allow", "overwritten").code == 0


def test_what_waited_before_waits_on(project: Project, vendor: ExtendEmulator, proxy: FaultProxy) -> None:
    project.write({"in/new.txt": "a new document\f"})
    project.call("apply", "--yes", "--max-new", "0", "jobs/job.yaml")
    paid = list(vendor.ledger)
    proxy.instead = refusing(None, slow_down())

    assert applied(project).code == 1
    assert vendor.ledger == paid

    proxy.instead = lambda _request: None
    assert applied(project).code == 0
    assert len(vendor.ledger) == len(paid) + 1


def test_a_job_that_is_new_is_left_and_others_go_on(project: Project, proxy: FaultProxy) -> None:
    project.job(
        OTHER.replace("name: other", "name: later").replace(
            'type: files, path: "other', 'type: files, store: lake, path: "later'
        ),
        "later",
    )
    proxy.instead = refusing(None, slow_down())

    ended = applied(project)

    assert ended.code == 1
    assert set(project.outputs("other")) == {"x.txt.md"}
    assert "no job 'later'" in project.call("status", "later").err
    proxy.instead = lambda _request: None
    assert applied(project).code == 0


def test_a_store_without_a_job_beside_it_is_told_before_anything_is_sent(
    project: Project, proxy: FaultProxy, vendor: ExtendEmulator
) -> None:
    proxy.close()

    ended = project.call("apply", "--yes", "--job", "later")
    assert ended.code == 64
    told = project.call("apply", "--yes")

    host = proxy.endpoint.removeprefix("http://")
    assert told.code == 1
    assert f"store 'lake': {host}: nothing accepts a connection there" in told.err
    assert "Generic" not in told.err + told.out
    assert len(vendor.ledger) == len(DOCUMENTS)
