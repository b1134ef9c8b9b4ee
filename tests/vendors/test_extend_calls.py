"""The provider's own calls against the emulated Extend, one at a time."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from docbatch.emulators.extend import ExtendEmulator
from docbatch.errors import CredentialsError, Gone, ProviderError, Refused, Unavailable
from docbatch.models import Operation, WorkItem
from docbatch.providers import Settings, Surroundings
from docbatch.providers.base import Batch, Intent, Provider, Ready
from docbatch.providers.extend import KIND

KEY = "sk_test_0123456789"


@dataclass
class Bench:
    vendor: ExtendEmulator
    provider: Provider

    def sent(self, *texts: str, operation: Operation = Operation.PARSE) -> Intent:
        """Upload the texts and return the request, not yet sent."""
        items = tuple(
            WorkItem(f"{text}-key", "1", text, len(text), "text/plain", f"{text}.txt", b"/x")
            for text in texts
        )
        config = {} if operation is Operation.PARSE else {"processor": {"id": "ex_one"}}
        batch = Batch("s1", "testproject01-s1", operation, items, config)
        prepared = {
            step.name: self.provider.perform(step, batch, {}, self._open)
            for step in self.provider.steps(batch)
        }
        return Intent("s1", batch.marker, self.provider.render(batch, prepared), batch, prepared)

    @staticmethod
    def _open(item: WorkItem) -> BinaryIO:
        return io.BytesIO(item.digest.encode())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExtendEmulator() as vendor:
        settings = Settings("extend", "extend", vendor.url, requests_per_second=1000, grace=0.0)
        provider = KIND.connect(settings, Surroundings(tmp_path, lambda: None, lambda: KEY))
        yield Bench(vendor, provider)
        provider.close()
        assert vendor.errors == []


def test_cancelling_stops_what_runs(bench: Bench) -> None:
    bench.vendor.latency = 60
    intent = bench.sent("a", "b")
    accepted = bench.provider.create(intent)

    bench.provider.cancel(intent, accepted.remote_id)

    assert [run.cancelled for run in bench.vendor.runs.values()] == [True, True]


def test_a_deleted_batch_is_gone_while_its_uploads_are_there(bench: Bench) -> None:
    intent = bench.sent("a")
    accepted = bench.provider.create(intent)
    bench.vendor.batches.clear()
    bench.vendor.runs.clear()

    with pytest.raises(Gone):
        bench.provider.poll(intent, accepted.remote_id)


def test_work_that_is_not_visible_with_its_uploads_is_a_matter_of_the_key(bench: Bench) -> None:
    intent = bench.sent("a")
    accepted = bench.provider.create(intent)
    bench.vendor.keys[KEY] = "ws_other"

    with pytest.raises(CredentialsError):
        bench.provider.poll(intent, accepted.remote_id)
    with pytest.raises(CredentialsError):
        bench.provider.fetch(intent, Ready("a-key", "pr_1"))


def test_a_result_that_was_deleted_is_gone(bench: Bench) -> None:
    intent = bench.sent("a")
    bench.provider.create(intent)
    bench.vendor.runs.clear()

    with pytest.raises(Gone):
        bench.provider.fetch(intent, Ready("a-key", "pr_1"))


def test_a_run_that_is_not_over_is_asked_for_again(bench: Bench) -> None:
    bench.vendor.latency = 60
    intent = bench.sent("a")
    bench.provider.create(intent)

    with pytest.raises(Unavailable):
        bench.provider.fetch(intent, Ready("a-key", "pr_1"))


def test_an_id_leads_nowhere_else(bench: Bench) -> None:
    intent = bench.sent("a")
    bench.provider.create(intent)

    with pytest.raises(ProviderError):
        bench.provider.fetch(intent, Ready("a-key", "../batch_runs/bpar_1"))

    assert not any(request.path == "/batch_runs/bpar_1" for request in bench.vendor.requests)


def test_of_two_runs_of_one_document_the_earlier_counts(bench: Bench) -> None:
    intent = bench.sent("a")
    first = bench.provider.create(intent)
    bench.provider.create(intent)

    sighting = bench.provider.look(intent)

    assert first.remote_id == "bpar_1"
    assert sighting.found is not None
    assert sighting.found.runs == {"a-key": "pr_1"}


def test_our_runs_are_found_behind_pages_of_newer_ones(bench: Bench) -> None:
    bench.vendor.page_size_ignored = True
    intent = bench.sent("unloadable")
    bench.provider.create(intent)
    foreign = bench.sent(*(f"foreign {number}" for number in range(25)))
    bench.provider.create(
        replace(foreign, body=foreign.body.replace(b"testproject01-s1", b"otherproject1-s1"))
    )

    sighting = bench.provider.look(intent)

    assert sighting.found is not None
    assert sighting.found.runs == {"unloadable-key": "pr_1"}


def test_names_that_are_not_ascii_arrive(bench: Bench) -> None:
    bench.sent("größe")

    (file,) = bench.vendor.files.values()
    assert file.name.endswith("größe.txt")


def test_an_unknown_processor_is_refused_when_its_version_is_asked(bench: Bench) -> None:
    with pytest.raises(Refused, match="knows no extractor ex_none"):
        bench.provider.pins(Operation.EXTRACT, {"processor": {"id": "ex_none"}})


def test_versions_are_resolved_to_numbers_and_drafts_to_their_content(bench: Bench) -> None:
    bench.vendor.versions["ex_new"] = []

    def resolved(**processor: str) -> dict[str, str]:
        return dict(bench.provider.pins(Operation.EXTRACT, {"processor": processor}))

    assert resolved(id="ex_one") == {"ex_one": "2.0"}
    assert resolved(id="ex_one", version="1.0") == {}
    assert resolved(id="ex_one", version="draft")["ex_one"].startswith("draft ")
    assert resolved(id="ex_new")["ex_new"].startswith("draft ")


def test_the_survey_names_work_of_all_operations_and_of_this_project_only(bench: Bench) -> None:
    bench.provider.create(bench.sent("a"))
    bench.provider.create(bench.sent("b", operation=Operation.EXTRACT))

    assert set(bench.provider.survey("testproject01-")) == {"testproject01-s1"}
    assert set(bench.provider.survey("testproject0-")) == set()
