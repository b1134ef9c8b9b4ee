"""What was left at the service is read back for a state that lost it, and removed once nobody needs it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from docbatch.core.errors import Gone, Unavailable, Uncertain
from docbatch.core.models import RemoteObject
from docbatch.emulators.llamacloud.service import PRESET, LlamaCloud
from docbatch.providers.base import Failed, Intent, Ready
from docbatch.providers.llamacloud.directories import directory_step
from tests.providers.llamacloud.project import PROJECT_ID, Bench

TEXTS = ("apple", "bad", "cherry")
MARKER = f"{PROJECT_ID}-s1"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []
        assert vendor.leaks == []


def recovered(bench: Bench, intent: Intent, *numbers: int) -> tuple[Intent, str | None]:
    """Return the intent of a state that knows some of the documents, and the remote id, both from what is there."""
    recalled = bench.provider().recall(MARKER)
    known = replace(intent.batch, items=tuple(intent.batch.items[number] for number in numbers))
    return Intent(intent.submission, MARKER, b"", known, recalled.prepared), recalled.remote_id


def left(bench: Bench) -> list[str]:
    return [each.id for each in bench.vendor.directories.values() if each.deleted is None]


def test_work_is_recalled_with_its_documents_and_their_jobs(bench: Bench) -> None:
    _, batch = bench.sent(bench.provider(), bench.batch(*TEXTS, "unmapped"))

    recalled = bench.provider().recall(MARKER)

    jobs = {job.text: job.id for job in bench.vendor.jobs.values()}
    runs = {bench.contents[key].decode(): job for key, job in recalled.runs.items()}
    assert recalled.remote_id == batch
    assert runs == {**jobs, "unmapped": None}


def test_recalled_work_without_results_yet_names_its_documents(bench: Bench) -> None:
    bench.vendor.mapping = 60.0
    intent, _ = bench.sent(bench.provider(), bench.batch(*TEXTS))

    recalled = bench.provider().recall(MARKER)

    assert recalled.runs == {item.key: None for item in intent.batch.items}


@pytest.mark.parametrize("numbers", [(0, 1, 2), (2,)])
def test_recalled_work_is_followed_fetched_and_discarded(bench: Bench, numbers: tuple[int, ...]) -> None:
    intent, _ = bench.sent(bench.provider(), bench.batch(*TEXTS))
    known, remote_id = recovered(bench, intent, *numbers)
    provider = bench.provider()

    ended = {bench.contents[each.key].decode(): each for each in provider.poll(known, remote_id).ended}

    assert ended.keys() == {TEXTS[number] for number in numbers}
    assert isinstance(ended.get("bad", Failed), Failed) or 1 not in numbers
    cherry = ended["cherry"]
    assert isinstance(cherry, Ready)
    assert b"cherry" in provider.fetch(known, cherry)
    provider.discard(known)
    assert left(bench) == []


def test_work_of_a_removed_directory_is_recalled_where_the_service_remembers_it(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch(*TEXTS))
    bench.vendor.lists_removed = True
    provider.discard(intent)

    known, remote_id = recovered(bench, intent, 0, 2)

    assert remote_id == batch
    assert [type(each) for each in provider.poll(known, remote_id).ended] == [Ready, Ready]


def test_parsed_work_of_a_removed_directory_is_recalled_by_the_names_of_its_jobs(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch(*TEXTS))
    provider.discard(intent)

    known, remote_id = recovered(bench, intent, 0, 2)

    assert remote_id == batch
    ended = bench.provider().poll(known, remote_id).ended
    assert {bench.contents[each.key] for each in ended} == {b"apple", b"cherry"}


def test_work_that_nothing_tells_apart_any_more_is_gone(bench: Bench) -> None:
    provider = bench.provider()
    intent, _ = bench.sent(provider, bench.batch(*TEXTS))
    provider.discard(intent)
    for job in bench.vendor.jobs.values():
        job.name = "a name that somebody else gave it"

    with pytest.raises(Gone, match="belongs to which document"):
        bench.provider().recall(MARKER)
    with pytest.raises(Gone, match="shows no batch"):
        bench.provider().recall(f"{PROJECT_ID}-s2")


def test_strangers_in_a_directory_are_tolerated(bench: Bench) -> None:
    intent, batch = bench.sent(bench.provider(), bench.batch("apple", "cherry"))
    for entry in list(bench.vendor.entries.values())[1:]:
        entry.unique_id = "a stranger's"

    known, remote_id = recovered(bench, intent, 0)
    ended = bench.provider().poll(known, remote_id).ended

    assert [bench.contents[each.key] for each in ended] == [b"apple"]
    provider = bench.provider()
    provider.cancel(known, remote_id)
    assert bench.vendor.batches[batch].ending == "COMPLETED"


def test_a_later_process_discards_what_was_made_while_looking(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    bench.vendor.faults[len(bench.vendor.requests) + 1] = "lost"
    with pytest.raises(Uncertain):
        provider.create(intent)
    bench.vendor.lag = 10.0
    assert provider.look(intent).found is None
    bench.now += 11.0
    assert provider.look(intent).found is not None
    assert len(left(bench)) == 2

    bench.provider().discard(intent)

    assert left(bench) == []


def test_directories_that_were_given_up_are_discarded_and_others_are_not(bench: Bench) -> None:
    bench.vendor.faults[3] = "lost"
    provider, batch = bench.provider(), bench.batch("apple")
    prepared = dict[str, RemoteObject]()
    with pytest.raises(Unavailable):
        bench.prepare(provider, batch, prepared)
    bench.prepare(provider, batch, prepared)
    filling = bench.batch("banana", submission="s12")
    other = bench.prepare(provider, filling)
    intent = bench.intent(provider, batch, prepared)
    provider.create(intent)
    assert len(left(bench)) == 3

    provider.discard(intent)

    assert left(bench) == [other[directory_step(filling.marker)].remote_id]


def test_a_directory_with_a_batch_that_is_not_the_submissions_own_is_left(bench: Bench) -> None:
    provider = bench.provider()
    first, _ = bench.sent(provider, bench.batch("apple"))
    second, _ = bench.sent(provider, bench.batch("banana"))

    provider.discard(first)

    assert left(bench) == [second.prepared[directory_step(MARKER)].remote_id]


def test_cleanup_false_keeps_everything(bench: Bench) -> None:
    provider = bench.provider()
    config = {"configuration_id": PRESET, "cleanup": False}
    kept, _ = bench.sent(provider, bench.batch("apple", config=config))

    bench.provider().discard(kept)

    assert len(left(bench)) == 1
