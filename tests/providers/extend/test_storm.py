"""Extend's limits: requests a second of each sort, files a minute. Whoever asks too fast is told so, and nothing is lost."""

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest

from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.refusals import Rejected
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Request
from docbatch.engine.connections import backoff
from docbatch.providers.http import rates
from tests.providers.extend.project import extend_project

DOCUMENTS = {f"in/{number}.txt": f"document {number}" for number in range(16)}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, first in ((rates, "PAUSE"), (backoff, "FIRST_PAUSE")):
        monkeypatch.setattr(module, first, 0.05)
        monkeypatch.setattr(module, "LONGEST_PAUSE", 0.2)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("2026-02-09", "exact"),
        ("2025-04-21", None),
        pytest.param("2026-02-09", None, marks=pytest.mark.full),
        pytest.param("2025-04-21", "exact", marks=pytest.mark.full),
    ],
)
def test_a_storm_of_429_ends_without_a_failed_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, told: Literal["exact"] | None
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", version)
    with ExtendEmulator() as vendor:
        limits = vendor.limits = Limits(per_second=5, files_per_minute=1200, times=10, told=told)
        project = extend_project(tmp_path, vendor, documents=DOCUMENTS)

        project.applied()

        assert limits.refused > 0
        assert Counter(vendor.ledger).total() == len(set(vendor.ledger)) == len(DOCUMENTS)
        assert len(project.outputs()) == 2 * len(DOCUMENTS)


def test_all_jobs_of_a_connection_share_one_limiter_for_each_sort_of_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Counted(rates.Limiter):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            made.append(self)

    monkeypatch.setattr(rates, "Limiter", Counted)
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor)
        job = (tmp_path / "jobs" / "job.yaml").read_text()
        project.job(
            job.replace("name: job", "name: other").replace("out/", "more/").replace("json/", "less/"),
            "other",
        )
        project.applied()

    assert len(made) == 3


def test_the_emulated_limits_are_those_of_the_smallest_plan() -> None:
    limits = Limits()
    reads = [Request(0, "GET", "/parse_runs", {}, b"")] * 12
    uploads = [Request(0, "POST", "/files/upload", {}, b"")] * 10
    singles = [Request(0, "POST", "/parse/async", {}, b"")] * 10

    assert taken(limits, [*reads, *uploads], 0.0) == 20
    assert [taken(limits, singles, float(second)) for second in range(10)] == [*[10] * 8, 0, 0]
    assert taken(limits, singles, 60.0) == 10


def taken(limits: Limits, requests: list[Request], now: float) -> int:
    """Return how many requests are admitted at a moment."""
    before = limits.refused
    for each in requests:
        with suppress(Rejected):
            limits.admit(each, lambda: now)
    return len(requests) - (limits.refused - before)
