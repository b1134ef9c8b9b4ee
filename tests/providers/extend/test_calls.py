"""The provider's own calls against the emulated Extend, one at a time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError, Gone, ProviderError, Refused, Stale, Unavailable
from docbatch.core.models import Operation
from docbatch.providers.base import Ready
from tests.providers.extend.bench import KEY, Bench
from tests.providers.extend.bench import bench as opened


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as made:
        yield made


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

    assert set(bench.provider.survey("testproject01-").markers) == {"testproject01-s1"}
    assert set(bench.provider.survey("testproject0-").markers) == set()


def test_runs_without_names_are_surveyed_too(bench: Bench) -> None:
    bench.provider.create(bench.intent(bench.given()))

    assert set(bench.provider.survey("testproject01-").markers) == {"testproject01-s1"}


@pytest.mark.parametrize("operation", Operation)
def test_work_is_recalled_by_its_marker(bench: Bench, operation: Operation) -> None:
    """Batches of processors cannot be told from their rows."""
    bench.provider.create(bench.sent("a", "unloadable b", operation=operation))

    recalled = bench.provider.recall("testproject01-s1")

    assert recalled.remote_id == ("bpar_1" if operation is Operation.PARSE else None)
    assert recalled.runs.keys() == {"a-key", "unloadable b-key"}


def test_what_was_recalled_can_be_followed_and_fetched(bench: Bench) -> None:
    sent = bench.sent("a", "unloadable b", operation=Operation.EXTRACT)
    bench.provider.create(sent)
    recalled = bench.provider.recall(sent.marker)

    adopted = replace(sent, body=b"", prepared=recalled.prepared)
    progress = bench.provider.poll(adopted, recalled.remote_id)

    assert {each.key for each in progress.ended} == {"a-key", "unloadable b-key"}
    payload = bench.provider.fetch(adopted, Ready("a-key", "exr_1"))
    assert isinstance(payload, bytes)
    assert b"extract_run" in payload


def test_runs_without_names_are_recalled_behind_pages_of_others(bench: Bench) -> None:
    bench.vendor.page_size_ignored = True
    bench.provider.create(bench.intent(bench.given()))
    foreign = bench.sent(*(f"foreign {number}" for number in range(25)))
    bench.provider.create(
        replace(foreign, body=foreign.body.replace(b"testproject01-s1", b"otherproject1-s1"))
    )

    assert bench.provider.recall("testproject01-s1").remote_id == "bpar_1"


def test_a_marker_that_no_run_carries_is_gone(bench: Bench) -> None:
    bench.provider.create(bench.sent("a"))

    with pytest.raises(Gone, match="testproject01-s2"):
        bench.provider.recall("testproject01-s2")


@pytest.mark.parametrize("told", ["File {id} not found", "Path: inputs.1.file.id", "inputs[1].file: unknown"])
@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_dead_upload_is_made_anew(bench: Bench, told: str, status: int) -> None:
    intent = bench.sent("a", "b")
    step = bench.provider.steps(intent.batch)[1].name
    bench.vendor.refusal = (status, told.format(id=intent.prepared[step].remote_id))

    with pytest.raises(Stale) as caught:
        bench.provider.create(intent)

    assert caught.value.stale == (step,)
    assert bench.vendor.ledger == []


def test_a_refusal_that_speaks_of_files_without_naming_one_is_about_all(bench: Bench) -> None:
    intent = bench.sent("a", "b")
    bench.vendor.refusal = (404, "File not found")

    with pytest.raises(Stale) as caught:
        bench.provider.create(intent)

    assert set(caught.value.stale) == intent.prepared.keys()


def test_any_other_refusal_is_told_as_it_is(bench: Bench) -> None:
    intent = bench.sent("a")
    bench.vendor.refusal = (400, "Invalid enum value. Path: config.target")

    with pytest.raises(Refused, match=r"config\.target") as caught:
        bench.provider.create(intent)

    assert not isinstance(caught.value, Stale)
