"""Traces of `apply`: what a collector gets, and that none, or one that hangs or refuses, changes nothing of a run."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch.cli import traced_run
from docbatch.cli.run_spans import RunSpans
from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import JOB, Project
from tests.cli.span_sink import Sink, sink
from tests.cli.test_startup import imported
from tests.providers.extend.project import KEY, extend_project

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SECRET = "a-key-that-nobody-sees"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "PROTOCOL", "TRACES_PROTOCOL", "HEADERS"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with sink() as made:
        monkeypatch.setenv(ENDPOINT, made.url)
        yield made


def prepared(project: Project) -> Project:
    project.job(JOB)
    project.write({"in/secret-name.txt": "one", "in/bad.pdf": b"%PDF-1.4 nothing"})
    return project


def test_a_collector_in_the_environment_gets_the_run_and_what_it_did(
    project: Project, collector: Sink
) -> None:
    ended = prepared(project).call("apply")

    assert ended.code == 3
    assert "traces" not in ended.err
    assert set(collector.paths) == {"/v1/traces"}
    assert collector.resource()["service.name"] == "docbatch"
    run, plan, sent = (collector.one(name) for name in ("apply", "plan", "submission"))
    assert run.is_wrong
    assert run.attributes == {"jobs": ["job"], "documents": 2, "failed": 1, "submissions": 1, "exit_code": 3}
    assert (plan.parent, plan.attributes["found"], plan.attributes["documents"]) == ("apply", 2, 2)
    assert (sent.parent, sent.is_wrong) == ("apply", True)
    assert sent.events[0] == "accepted"
    assert set(sent.events[1:]) == {"ended"}
    assert {**sent.attributes, "submission": ""} == {
        "submission": "",
        "jobs": ["job"],
        "connection": "local",
        "provider": "local",
        "documents": 2,
        "failed": 1,
        "fetched": 1,
    }
    assert (collector.one("fetch").parent, collector.one("fetch").attributes["documents"]) == (
        "submission",
        1,
    )
    assert (collector.one("deliver").parent, collector.one("deliver").attributes["documents"]) == ("apply", 1)
    assert all(span.is_within for span in collector.spans())


def test_nothing_that_names_a_document_or_a_key_is_sent(
    project: Project, collector: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={SECRET}")

    prepared(project).call("apply")

    sent = b"".join(collector.bodies)
    assert b"accepted" in sent
    for word in ("secret-name", "bad.pdf", str(project.root), SECRET, "invalid PDF"):
        assert word.encode() not in sent


def test_a_submission_to_a_vendor_lies_open_until_a_later_run_has_collected_it(
    tmp_path: Path, collector: Sink
) -> None:
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor)
        vendor.latency = 3
        project.call("apply", "--yes", "--no-wait")
        first = collector.one("submission")
        collector.bodies.clear()
        ended = project.call("apply", "--yes", "--timeout", "60s")

    assert ended.code == 0, ended.err
    assert (first.attributes["provider"], first.attributes["documents"]) == ("extend", 3)
    assert (first.attributes["open"], first.events[0]) == (True, "accepted")
    second = collector.one("submission")
    assert (second.attributes["submission"], second.attributes["resumed"]) == (
        first.attributes["submission"],
        True,
    )
    assert second.attributes["fetched"] == 3
    assert (collector.one("fetch").attributes["connection"], second.is_wrong) == ("extend", False)
    assert KEY.encode() not in b"".join(collector.bodies)


def test_an_error_that_ends_a_run_is_on_its_span_by_its_kind(project: Project, collector: Sink) -> None:
    project.job(JOB)
    (project.root / "in").mkdir(exist_ok=True)

    ended = project.call("apply")

    run = collector.one("apply")
    assert ended.code == 6
    assert (run.is_wrong, run.attributes["exit_code"]) == (True, 6)
    assert run.attributes["error.type"] == collector.one("plan").attributes["error.type"] != ""


def test_a_collector_that_refuses_is_a_trouble_and_no_more(
    project: Project, collector: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.status = 401
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/in?key={SECRET}")
    project.write({"in/a.txt": "one"})

    ended = project.call("apply", "--json")

    assert (ended.code, collector.paths[0]) == (0, f"/in?key={SECRET}")
    (trouble,) = [line for line in ended.lines if line["type"] == "trouble"]
    assert trouble["message"] == "traces: 5 of 5 spans did not reach the collector: it answered 401"
    assert ended.lines[-1]["type"] == "outcome"
    assert SECRET not in ended.out + ended.err


def test_no_redirect_is_followed_with_what_the_headers_hold(project: Project, collector: Sink) -> None:
    with sink() as elsewhere:
        collector.status, collector.location = 307, f"{elsewhere.url}/v1/traces"
        project.write({"in/a.txt": "one"})

        ended = project.call("apply")

        assert (ended.code, elsewhere.paths) == (0, [])
    assert "did not reach the collector: it answered with a redirect" in ended.err


def test_a_collector_that_is_not_there_is_not_tried_again_at_the_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{taken.getsockname()[1]}")
        project.write({"in/a.txt": "one"})

        ended = project.call("apply")

    assert ended.code == 0
    assert "traces: 5 of 5 spans did not reach the collector: it cannot be reached" in ended.err
    assert project.outputs() == {"a.txt.md": b"one\n"}


def test_a_collector_that_hangs_holds_a_run_no_longer_than_the_bound(
    project: Project, collector: Sink
) -> None:
    collector.answers.clear()
    project.write({"in/a.txt": "one"})
    before = set(threading.enumerate())

    with mock.patch.object(traced_run, "PATIENCE", 0.25):
        ended = project.call("apply")

    # It has not answered by now, and the run is over.
    assert not collector.answers.is_set()
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)
    assert ended.code == 0
    assert "did not reach the collector: it did not answer within 0.25 s" in ended.err
    assert project.outputs() == {"a.txt.md": b"one\n"}


def test_spans_that_cannot_be_made_end_no_run(project: Project, collector: Sink) -> None:
    project.write({"in/a.txt": "one"})

    with mock.patch.object(RunSpans, "add", side_effect=ZeroDivisionError):
        ended = project.call("apply")

    assert ended.code == 0
    assert "traces are incomplete: making them raised ZeroDivisionError" in ended.err


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "error: traces need a collector, and none is named\n  set OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({ENDPOINT: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, "switched off by OTEL_SDK_DISABLED"),
        ({ENDPOINT: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf alone"),
        ({ENDPOINT: "http://127.0.0.1:1", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, "could not be set up"),
    ],
)
def test_traces_that_are_asked_for_and_cannot_be_sent_are_an_error_before_anything_is_done(
    project: Project, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    project.write({"in/a.txt": "one"})

    ended = project.call("apply", "--trace")

    assert ended.code == 64
    assert told in ended.err
    assert not (project.root / "out").exists()


@pytest.mark.parametrize(("arguments", "code"), [(["--trace"], 64), ([], 0)])
def test_without_the_extra_an_option_is_an_error_and_a_variable_a_trouble(
    project: Project, collector: Sink, arguments: list[str], code: int
) -> None:
    project.write({"in/a.txt": "one"})
    missing = {"docbatch.cli.traced_run": None, "opentelemetry": None}

    with mock.patch.dict(sys.modules, missing):
        ended = project.call("apply", *arguments)

    assert ended.code == code
    assert "pip install 'docbatch[otel]'" in ended.err
    assert collector.paths == []


def test_an_environment_that_switches_traces_off_is_heeded_in_silence(
    project: Project, collector: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    project.write({"in/a.txt": "one"})

    ended = project.call("apply")

    assert (ended.code, collector.paths) == (0, [])
    assert "traces" not in ended.err


def test_nothing_leaves_a_project_that_is_not_trusted(
    project: Project, collector: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"in/a.txt": "one"})

    project.call("plan", "--untrusted")
    monkeypatch.setenv("DOCBATCH_UNTRUSTED", "1")
    ended = project.call("apply", "--trace")

    assert (ended.code, collector.paths) == (64, [])


def test_a_run_without_traces_imports_nothing_for_them(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    found = imported(project, "apply")

    of_traces = {"docbatch.cli.traced_run", "docbatch.cli.run_spans", "docbatch.cli.span_collector"}
    assert not {"opentelemetry", "requests", "urllib3", *of_traces} & found


def test_lines_stay_json_while_a_collector_listens(project: Project, collector: Sink) -> None:
    project.write({"in/a.txt": "one"})

    ended = project.call("apply", "--json", "--trace")

    assert json.loads(ended.out.splitlines()[-1])["exit_code"] == 0
    assert collector.one("apply").attributes["exit_code"] == 0
