"""Documents the service has already: put into the directory by their ids, and treated like uploads from then on."""

from collections.abc import Iterator

import pytest

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.models import FailureClass, Input, Operation, RemoteObject
from docbatch.emulators.llamacloud.objects import File
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.providers.base import Batch, ContentChanged, Failed, Ready
from docbatch.providers.llamacloud import KIND
from docbatch.providers.llamacloud.directories import directory_step
from docbatch.providers.llamacloud.provider import LlamaCloudProvider
from docbatch.providers.llamacloud.uploads import contents_step, entries_of, upload_step
from tests.providers.llamacloud.project import Bench

FIRST_ADD = 4  # after the configuration, its reading back, and the directory


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        for name, text in (("one.txt", b"apple"), ("two.txt", b"banana")):
            vendor.files[f"file-{name}"] = File(f"file-{name}", "prj-one", name, text)
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []


def patient(
    bench: Bench, provider: LlamaCloudProvider, batch: Batch, prepared: dict[str, RemoteObject]
) -> float:
    """Prepare as the engine does, waiting as asked; return the seconds it took."""
    began = bench.now
    for _ in range(40):
        try:
            bench.prepare(provider, batch, prepared)
        except Unavailable as error:
            bench.now += error.retry_after or 1.0
        else:
            return bench.now - began
    raise AssertionError("the directory is never ready")


def lying(bench: Bench) -> list[tuple[str, str]]:
    return sorted((each.display_name, each.content.decode()) for each in bench.vendor.entries.values())


@pytest.mark.parametrize("operation", KIND.operations)
def test_ids_and_texts_are_taken_and_links_are_not(operation: Operation) -> None:
    assert KIND.inputs(operation) == {Input.FILE_ID, Input.TEXT}


def test_a_file_the_service_has_is_not_uploaded_and_keeps_its_name(bench: Bench) -> None:
    provider = bench.provider()

    intent, batch = bench.sent(provider, bench.references("file-one.txt", "file-two.txt"))

    assert lying(bench) == [("one.txt", "apple"), ("two.txt", "banana")]
    assert not [each for each in bench.vendor.requests if each.path.endswith("/upload")]
    ended = provider.poll(intent, batch).ended
    assert {each.key for each in ended if isinstance(each, Ready)} == {
        item.key for item in intent.batch.items
    }


def test_an_unknown_id_fails_its_document_alone_and_costs_nothing(bench: Bench) -> None:
    provider = bench.provider()

    intent, batch = bench.sent(provider, bench.references("file-none", "file-two.txt"))

    unknown = next(
        each for each in provider.poll(intent, batch).ended if each.key == intent.batch.items[0].key
    )
    assert isinstance(unknown, Failed)
    assert "file-none" in unknown.failure.message
    assert unknown.failure.kind in {FailureClass.REFUSED_INPUT, FailureClass.EXPIRED}
    assert bench.vendor.ledger == ["banana"]


@pytest.mark.parametrize("twins", ["twin", "replace", "reject"])
@pytest.mark.parametrize("fault", ["lost", "lost_before", "500_after", "truncated", "html502"])
def test_after_an_unclear_add_each_document_lies_there_once(bench: Bench, twins: str, fault: str) -> None:
    bench.vendor.twins = twins  # type: ignore[assignment]
    bench.vendor.faults[FIRST_ADD] = fault
    provider, batch = bench.provider(), bench.references("file-one.txt", "file-two.txt")
    prepared = dict[str, RemoteObject]()

    waited = patient(bench, provider, batch, prepared)

    assert [text for _, text in lying(bench)] == ["apple", "banana"]
    assert waited >= bench.grace
    assert entries_of(prepared[contents_step(batch.marker)]).keys() == bench.vendor.entries.keys()


def test_a_directory_that_vanished_is_no_unknown_file(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.references("file-one.txt")
    prepared = dict[str, RemoteObject]()
    for step in provider.steps(batch)[:2]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    bench.vendor.directories[prepared[directory_step(batch.marker)].remote_id].deleted = 0.0

    with pytest.raises(Gone):
        provider.perform(provider.steps(batch)[2], batch, prepared, bench.open)


def test_a_reference_that_changed_is_planned_again(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.references("file-one.txt")
    bench.contents[batch.items[0].key] = b'{"file_id":"file-two.txt"}'

    with pytest.raises(ContentChanged):
        bench.prepare(provider, batch)
    assert bench.vendor.entries == {}


def test_references_are_brought_to_another_directory_too(bench: Bench) -> None:
    provider, first = bench.provider(), bench.references("file-one.txt")
    made = bench.prepare(provider, first)
    second = bench.references("file-one.txt", submission="s2")
    kept = {name: each for name, each in made.items() if name == upload_step(first.items[0].key)}

    patient(bench, provider, second, kept)

    where = kept[directory_step(second.marker)].remote_id
    brought = [each for each in bench.vendor.entries.values() if each.directory == where]
    assert [(each.display_name, each.content) for each in brought] == [("one.txt", b"apple")]
