"""A batch is created once, found again when its answer was lost, and refused for what is wrong with it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from docbatch.core.errors import NotSent, Refused, Stale, Unavailable, Uncertain
from docbatch.core.models import Operation, RemoteObject
from docbatch.emulators.llamacloud.service import PRESET, LlamaCloud
from docbatch.providers.kind import Settings
from docbatch.providers.llamacloud import KIND
from tests.providers.llamacloud.project import PROJECT_ID, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []
        assert vendor.leaks == []


def test_an_unanswered_create_is_found_by_its_directory(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    bench.vendor.faults[len(bench.vendor.requests) + 1] = "lost"
    with pytest.raises(Uncertain):
        provider.create(intent)

    found = bench.provider().look(intent).found

    assert found is not None
    assert [found.remote_id] == list(bench.vendor.batches)


def test_absence_counts_only_once_something_younger_is_shown(bench: Bench) -> None:
    bench.vendor.lag = 20.0
    provider, batch = bench.provider(), bench.batch("apple")
    prepared = dict[str, RemoteObject]()
    while True:
        try:
            intent = bench.intent(provider, batch, bench.prepare(provider, batch, prepared))
            break
        except Unavailable:
            bench.now += 15.0
    bench.vendor.faults[len(bench.vendor.requests) + 1] = "lost"
    with pytest.raises(Uncertain):
        provider.create(intent)

    seen = []
    for _ in range(4):
        seen.append(provider.look(intent))
        bench.now += 9.0

    assert [each.witness for each in seen] == [False, False, False, True]
    assert [each.found is not None for each in seen] == [False, False, False, True]
    assert all(not each.name.endswith("probe") for each in bench.vendor.directories.values())


def test_another_projects_key_proves_nothing(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    bench.vendor.keys["llx-other"] = "prj-other"
    bench.key = "llx-other"
    stranger = bench.provider()

    assert [stranger.look(intent).witness for _ in range(4)] == [False] * 4


def test_twin_batches_are_cancelled_but_for_the_oldest(bench: Bench) -> None:
    bench.vendor.mapping = 60.0
    provider = bench.provider()
    intent, first = bench.sent(provider, bench.batch("apple"))
    bench.now += 1.0
    second = provider.create(intent).remote_id

    found = provider.look(intent).found

    assert found is not None
    assert found.remote_id == first
    assert bench.vendor.batches[str(second)].ending == "CANCELLED"


@pytest.mark.parametrize("lag", [0.0, 30.0])
def test_a_survey_names_what_has_a_batch_also_when_its_directory_is_gone(bench: Bench, lag: float) -> None:
    provider = bench.provider()
    intent, _ = bench.sent(provider, bench.batch("apple"))
    bench.prepare(provider, bench.batch("banana", submission="s2"))
    provider.discard(intent)
    bench.vendor.lag = lag
    bench.now += 31.0

    assert list(bench.provider().survey(f"{PROJECT_ID}-").markers) == [f"{PROJECT_ID}-s1"]
    assert list(bench.provider().survey("another-").markers) == []


def test_cleanup_removes_the_directory_unless_it_is_kept(bench: Bench) -> None:
    provider = bench.provider()
    kept, _ = bench.sent(
        provider, bench.batch("apple", config={"configuration_id": PRESET, "cleanup": False})
    )
    dropped, _ = bench.sent(provider, bench.batch("banana", submission="s2"))

    provider.discard(kept)
    provider.discard(dropped)
    provider.discard(dropped)

    assert [each.deleted is None for each in bench.vendor.directories.values()] == [True, False]


def test_refusals_of_a_create_are_told_apart(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    bench.vendor.credits = False
    with pytest.raises(Refused, match="usage limit") as refused:
        provider.create(intent)
    bench.vendor.faults[len(bench.vendor.requests) + 1] = "429"
    with pytest.raises(NotSent):
        provider.create(intent)

    assert refused.value.code == "402"
    assert bench.vendor.ledger == []


def test_a_batch_made_in_spite_of_a_not_now_is_adopted(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    made = provider.create(intent).remote_id
    bench.vendor.faults[len(bench.vendor.requests) + 1] = "429"

    assert provider.create(intent).remote_id == made
    assert bench.vendor.ledger == ["apple"]


def test_a_not_now_stands_when_it_cannot_be_checked(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    number = len(bench.vendor.requests)
    bench.vendor.faults = {number + 1: "429", number + 2: "html502"}

    with pytest.raises(NotSent):
        provider.create(intent)


@pytest.mark.parametrize(
    ("life", "said"), [(None, "does not say how long"), (3600.0, "for 1.0 h only"), (48 * 3600.0, "")]
)
def test_a_directory_that_may_not_live_long_enough_is_told_of(
    bench: Bench, life: float | None, said: str
) -> None:
    bench.vendor.life = life
    provider, batch = bench.provider(), bench.batch("apple")

    note = provider.create(bench.intent(provider, batch, bench.prepare(provider, batch))).note

    assert (said in note) if said else note == ""


def test_documents_that_one_page_of_the_vendor_calls_too_large_are_told_of(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    intent = bench.intent(provider, batch, bench.prepare(provider, batch))
    large = replace(batch, items=(replace(batch.items[0], size=300_000_001),))

    assert "0.txt" in provider.create(replace(intent, batch=large)).note


def test_our_own_configuration_that_was_edited_is_saved_again_before_the_batch(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    prepared = dict[str, RemoteObject]()
    for step in provider.steps(batch)[:-1]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    (saved,) = bench.vendor.saved.values()
    planned, saved.parameters = saved.parameters, {**saved.parameters, "tier": "agentic_plus"}

    bench.prepare(provider, batch, prepared)

    assert saved.parameters == planned


def test_our_own_configuration_that_vanished_is_prepared_again(bench: Bench) -> None:
    provider, batch = bench.provider(), bench.batch("apple")
    prepared = dict[str, RemoteObject]()
    for step in provider.steps(batch)[:-1]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    bench.vendor.saved.clear()

    with pytest.raises(Stale) as stale:
        bench.prepare(provider, batch, prepared)
    for name in stale.value.stale:
        del prepared[name]
    provider.create(bench.intent(provider, batch, bench.prepare(provider, batch, prepared)))

    assert bench.vendor.ledger == ["apple"]


def test_a_configuration_of_the_account_edited_during_the_uploads_stops_the_batch(bench: Bench) -> None:
    provider = bench.provider()
    bench.prepare(provider, bench.batch("apple"))
    (saved,) = bench.vendor.saved.values()
    batch = bench.batch("banana", submission="s2", config={"configuration_id": saved.id})
    prepared = dict[str, RemoteObject]()
    for step in provider.steps(batch)[:-1]:
        prepared[step.name] = provider.perform(step, batch, prepared, bench.open)
    saved.parameters = {**saved.parameters, "tier": "agentic_plus"}

    with pytest.raises(Refused, match="was edited while"):
        bench.prepare(provider, batch, prepared)
    assert bench.vendor.batches == {}


def test_a_configuration_edited_while_the_batch_ran_is_told_of(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    (saved,) = bench.vendor.saved.values()
    saved.parameters = {**saved.parameters, "tier": "agentic_plus"}

    assert "was edited or removed while the batch ran" in provider.poll(intent, batch).note


def test_a_configuration_that_cannot_be_read_again_loses_no_result(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    bench.vendor.choose_fault = lambda request: "html502" if "/configurations/" in request.path else ""

    progress = provider.poll(intent, batch)

    assert len(progress.ended) == 1
    assert "could not be read again" in progress.note


def test_an_unknown_configuration_is_refused_before_anything_is_uploaded(bench: Bench) -> None:
    provider = bench.provider()
    with pytest.raises(Refused, match="knows no configuration cfg-none"):
        bench.prepare(provider, bench.batch("apple", config={"configuration_id": "cfg-none"}))
    assert bench.vendor.directories == {}


def test_a_configuration_for_something_else_is_refused(bench: Bench) -> None:
    provider = bench.provider()
    made = bench.prepare(provider, bench.batch("apple"))
    saved = next(each.remote_id for name, each in made.items() if name.startswith("configuration"))
    other = bench.batch("apple", operation=Operation.EXTRACT, config={"configuration_id": saved})
    with pytest.raises(Refused, match="is for parse_v2, not for extract"):
        bench.prepare(provider, other)


def test_an_edited_configuration_is_not_taken_for_the_pinned_one(bench: Bench) -> None:
    provider = bench.provider()
    bench.prepare(provider, bench.batch("apple"))
    (saved,) = bench.vendor.saved.values()
    config = {"configuration_id": saved.id}
    pins = provider.pins(Operation.PARSE, config)
    saved.version = "2027-01-01T00:00:00Z"

    with pytest.raises(Refused, match="was edited"):
        bench.prepare(provider, replace(bench.batch("apple", submission="s2", config=config), pins=pins))


def test_latest_is_pinned_and_saved_as_the_version_it_was(bench: Bench) -> None:
    provider = bench.provider()
    config = {"parameters": {"tier": "agentic"}}
    pins = provider.pins(Operation.PARSE, config)
    bench.prepare(provider, replace(bench.batch("apple", config=config), pins=pins))

    (saved,) = bench.vendor.saved.values()
    assert pins == {"version": "2026-10-16"}
    assert saved.parameters == {"product_type": "parse_v2", "tier": "agentic", "version": "2026-10-16"}


def test_equal_parameters_are_saved_once(bench: Bench) -> None:
    provider = bench.provider()
    for submission in ("s1", "s2"):
        bench.prepare(provider, bench.batch("apple", submission=submission))

    assert len(bench.vendor.saved) == 1


def test_a_projects_id_is_passed_on(bench: Bench) -> None:
    bench.workspace = "prj-one"
    provider = bench.provider()
    bench.sent(provider, bench.batch("apple"))

    assert all(request.param("project_id") == "prj-one" for request in bench.vendor.requests)
    assert provider.account.endswith("/prj-one")


def test_the_kind_needs_neither_key_nor_network() -> None:
    kind = KIND
    settings = Settings("l", "llamacloud", "https://api.cloud.eu.llamaindex.ai", "prj-1", resend=False)

    assert kind.account(settings) == "api.cloud.eu.llamaindex.ai/prj-1"
    assert (kind.traits(settings).max_items, kind.traits(settings).resend) == (1000, False)
    assert kind.pins(Operation.PARSE, {"parameters": {"tier": "fast", "version": "2026-06-15"}}) == {}
    assert kind.pins(Operation.PARSE, {"configuration_id": "cfg-1"}) is None
    assert all(kind.abilities())
