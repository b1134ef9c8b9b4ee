"""A batch processes all that lies in its directory: before it is created, that is each document once and nothing else."""

from collections.abc import Iterator

import pytest

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.core.models import FailureClass, Operation, RemoteObject
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.providers.base import Batch, ContentChanged, Failed
from docbatch.providers.http.rates import Limiter
from docbatch.providers.llamacloud.directories import directory_step
from docbatch.providers.llamacloud.provider import LlamaCloudProvider
from docbatch.providers.llamacloud.uploads import contents_step, entries_of, upload_step
from tests.providers.llamacloud.project import Bench

TEXTS = ("apple", "banana", "cherry")
FIRST_UPLOAD = 4  # after the configuration, its reading back, and the directory


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []
        assert vendor.leaks == []


def patient(
    bench: Bench,
    provider: LlamaCloudProvider,
    batch: Batch,
    prepared: dict[str, RemoteObject],
    tries: int = 40,
) -> float:
    """Prepare as the engine does, waiting as asked; return the seconds it took."""
    began = bench.now
    for _ in range(tries):
        try:
            bench.prepare(provider, batch, prepared)
        except Unavailable as error:
            bench.now += error.retry_after or 1.0
        else:
            return bench.now - began
    raise AssertionError("the directory is never ready")


def lying(vendor: LlamaCloud) -> list[str]:
    return sorted(each.content.decode() for each in vendor.entries.values())


def test_answered_uploads_need_one_listing_and_no_wait(bench: Bench) -> None:
    bench.prepare(bench.provider(), bench.batch(*TEXTS))

    listings = [each for each in bench.vendor.sent("GET") if each.path.endswith("/files")]
    assert (len(listings), lying(bench.vendor)) == (1, list(TEXTS))


def uploads(vendor: LlamaCloud) -> int:
    return len([each for each in vendor.sent("POST") if each.path.endswith("/upload")])


def test_an_upload_whose_turn_is_far_off_is_for_later_and_leaves_nothing_unclear(bench: Bench) -> None:
    bench.uploading = Limiter(100, clock=bench.clock)
    provider, batch = bench.provider(), bench.batch(*TEXTS[:1])
    prepared: dict[str, RemoteObject] = {}
    bench.uploading.slow_down(300)
    with pytest.raises(Unavailable, match="asked to wait 300 seconds") as caught:
        bench.prepare(provider, batch, prepared)
    assert caught.value.retry_after == 300
    assert uploads(bench.vendor) == 0

    bench.now += 301
    bench.prepare(provider, batch, prepared)
    assert (uploads(bench.vendor), lying(bench.vendor)) == (1, ["apple"])


def test_no_upload_takes_its_turn_once_the_provider_is_closed(bench: Bench) -> None:
    bench.uploading = Limiter(100)
    bench.provider().close()

    with pytest.raises(Unavailable, match="closed"):
        bench.uploading.wait()


@pytest.mark.parametrize("twins", ["twin", "replace", "reject"])
@pytest.mark.parametrize(
    "fault", ["lost", "500_after", "truncated", "malformed", "html502", "429", "lost_before"]
)
def test_after_an_unclear_upload_each_document_lies_there_once(bench: Bench, twins: str, fault: str) -> None:
    bench.vendor.twins = twins  # type: ignore[assignment]
    bench.vendor.faults[FIRST_UPLOAD] = fault
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()

    waited = patient(bench, provider, batch, prepared)

    assert lying(bench.vendor) == list(TEXTS)
    assert waited >= bench.grace
    mapped = entries_of(prepared[contents_step(batch.marker)])
    assert mapped == {each.id: each.unique_id for each in bench.vendor.entries.values()}


@pytest.mark.parametrize("twins", ["twin", "replace", "reject"])
@pytest.mark.parametrize("late", [1.0, 20.0, 50.0])
def test_an_upload_that_arrives_late_is_taken_out_again(bench: Bench, twins: str, late: float) -> None:
    bench.vendor.twins = twins  # type: ignore[assignment]
    bench.vendor.upload_late(FIRST_UPLOAD, late)
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()

    patient(bench, provider, batch, prepared)

    assert lying(bench.vendor) == list(TEXTS)
    assert entries_of(prepared[contents_step(batch.marker)]).keys() == bench.vendor.entries.keys()


def test_a_late_listing_is_waited_for(bench: Bench) -> None:
    bench.vendor.lag = 30.0
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()

    assert 30.0 <= patient(bench, provider, batch, prepared) < 50.0
    assert len(bench.vendor.sent("POST")) == 2 + len(TEXTS)


def test_documents_that_never_show_give_the_directory_up(bench: Bench) -> None:
    bench.vendor.lag = 1e9
    with pytest.raises(Gone, match="does not hold 3 of the documents"):
        patient(bench, bench.provider(), bench.batch(*TEXTS), {}, tries=80)


def test_a_directory_of_an_earlier_process_is_watched_for_the_grace(bench: Bench) -> None:
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()
    for step in provider.steps(batch)[:3]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    # This one was answered, but the process died before it was recorded.
    provider.perform(provider.steps(batch)[3], batch, prepared, bench.open)

    waited = patient(bench, bench.provider(), batch, prepared)

    assert waited >= bench.grace
    assert lying(bench.vendor) == list(TEXTS)
    assert len([each for each in bench.vendor.sent("POST") if each.path.endswith("/upload")]) == 3


def test_a_directory_whose_create_is_unanswered_is_abandoned(bench: Bench) -> None:
    bench.vendor.faults[3] = "lost"
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()

    patient(bench, provider, batch, prepared)

    names = [each.name for each in bench.vendor.directories.values()]
    assert len(set(names)) == 2
    assert {each.directory for each in bench.vendor.entries.values()} == {
        prepared[directory_step(batch.marker)].remote_id
    }


def test_what_was_uploaded_once_is_brought_to_another_directory_without_its_bytes(bench: Bench) -> None:
    provider, first = bench.provider(), bench.batch(*TEXTS)
    made = bench.prepare(provider, first)
    second = bench.batch(*TEXTS, submission="s2")
    kept = {name: each for name, each in made.items() if name.startswith(("upload", "configuration"))}
    bench.contents.clear()

    patient(bench, provider, second, kept)

    where = kept[directory_step(second.marker)].remote_id
    assert sorted(
        each.content.decode() for each in bench.vendor.entries.values() if each.directory == where
    ) == list(TEXTS)


def test_what_the_service_dropped_meanwhile_is_uploaded_again(bench: Bench) -> None:
    provider, first = bench.provider(), bench.batch(*TEXTS)
    made = bench.prepare(provider, first)
    provider.discard(bench.intent(provider, first, made))
    second = bench.batch(*TEXTS, submission="s2")
    kept = {name: each for name, each in made.items() if name.startswith(("upload", "configuration"))}

    patient(bench, provider, second, kept)

    assert lying(bench.vendor) == list(TEXTS)


def test_a_refused_document_stops_none_of_the_others(bench: Bench) -> None:
    provider = bench.provider()
    intent, remote_id = bench.sent(provider, bench.batch("apple", "refused", "cherry"))

    ended = {each.key: each for each in provider.poll(intent, remote_id).ended}

    assert lying(bench.vendor) == bench.vendor.ledger == ["apple", "cherry"]
    why = ended[intent.batch.items[1].key]
    assert isinstance(why, Failed)
    assert (why.failure.kind, why.failure.code) == (FailureClass.UNSUPPORTED, "415")
    assert "Unsupported file type" in why.failure.message


def test_nothing_is_added_to_a_completed_directory(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple", "refused")
    prepared = bench.prepare(provider, batch)
    kept = {name: each for name, each in prepared.items() if not name.startswith("upload")}
    sent = len(bench.vendor.requests)

    again = bench.prepare(bench.provider(), batch, kept)

    assert len(bench.vendor.requests) == sent
    for item in batch.items:
        assert again[upload_step(item.key)].remote_id == prepared[upload_step(item.key)].remote_id


def test_a_document_that_is_too_large_is_not_uploaded(bench: Bench) -> None:
    provider = bench.provider()
    batch = bench.batch(
        "apple", operation=Operation.EXTRACT, config={"configuration_id": "cfg-1"}, size=100_000_001
    )
    directory = RemoteObject(directory_step(batch.marker), "dir-1")

    made = provider.perform(provider.steps(batch)[2], batch, {directory.step: directory}, bench.open)

    assert "100,000,000" in next(iter(made.data.values()))
    assert bench.vendor.requests == []
    contents = RemoteObject(contents_step(batch.marker), "dir-1", made.data)
    configuration = RemoteObject(f"configuration {batch.marker}", "cfg-1")
    intent = bench.intent(provider, batch, {each.step: each for each in (directory, contents, configuration)})
    with pytest.raises(Refused, match="none of the documents was taken"):
        provider.create(intent)


@pytest.mark.parametrize("now_there", [b"apples", b"appl", b"bpple"])
def test_bytes_that_changed_are_no_upload(bench: Bench, now_there: bytes) -> None:
    provider, batch, prepared = bench.provider(), bench.batch("apple"), dict[str, RemoteObject]()
    for step in provider.steps(batch)[:2]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    bench.contents[batch.items[0].key] = now_there

    if now_there == b"apples":
        # What was planned is what was sent: the rest is another document's beginning.
        provider.perform(provider.steps(batch)[2], batch, prepared, bench.open)
        assert lying(bench.vendor) == ["apple"]
    else:
        with pytest.raises(ContentChanged):
            provider.perform(provider.steps(batch)[2], batch, prepared, bench.open)


def test_names_of_files_are_told_as_they_are(bench: Bench) -> None:
    from dataclasses import replace

    batch = bench.batch("apple")
    named = replace(batch.items[0], name='a "quoted" ünïcode 名.txt')
    bench.prepare(bench.provider(), replace(batch, items=(named,)))

    (entry,) = bench.vendor.entries.values()
    assert (entry.display_name, entry.unique_id) == (f"{named.key}-{named.name}", named.key)


def test_a_directory_that_vanished_is_gone(bench: Bench) -> None:
    provider, batch, prepared = bench.provider(), bench.batch(*TEXTS), dict[str, RemoteObject]()
    for step in provider.steps(batch)[:2]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    bench.now += 49 * 3600.0

    with pytest.raises(Gone):
        bench.prepare(provider, batch, prepared)
    assert prepared[directory_step(batch.marker)].expires == pytest.approx(bench.now - 25 * 3600.0)


def test_uploads_are_known_by_their_documents(bench: Bench) -> None:
    batch = bench.batch(*TEXTS)
    steps = bench.provider().steps(batch)

    assert steps == bench.provider().steps(batch)
    assert [each.name for each in steps if each.shared][1:] == [upload_step(item.key) for item in batch.items]
    assert steps[-1].name == contents_step(batch.marker)
