"""Work at extract.page that the state does not know, and documents that lie there already."""

from dataclasses import replace
from io import BytesIO
from typing import BinaryIO

import pytest

from docbatch.core.errors import Gone, Refused, Stale
from docbatch.core.keys import item_key, recipe_key
from docbatch.core.models import REFERENCE_TYPES, Input, Operation, Recipe, WorkItem
from docbatch.emulators.extractpage.service import HOUR, OTHER_KEY, ExtractPage
from docbatch.naming.references import Reference
from docbatch.providers.base import Batch, Intent, Ready
from docbatch.providers.extractpage.provider import ExtractPageProvider
from tests.providers.extractpage import project as arrange
from tests.providers.extractpage.project import DOCUMENTS, PROJECT_ID

LISTED = REFERENCE_TYPES[Input.FILE_ID]


def keyed(subject: ExtractPageProvider, batch: Batch) -> Batch:
    """Give the items the keys that docbatch gives them."""
    config = {name: value for name, value in batch.config.items() if value is not None}
    recipe = recipe_key(Recipe("extractpage", subject.account, Operation.PARSE, config))
    items = (replace(item, key=item_key(recipe, item.media_type, item.digest)) for item in batch.items)
    return replace(batch, items=tuple(items))


def listing(*files: str) -> tuple[WorkItem, ...]:
    """Return documents that are listed by their ids."""
    items = (arrange.item(file, Reference(Input.FILE_ID, file).encode().decode()) for file in files)
    return tuple(replace(item, media_type=LISTED) for item in items)


def opened(item: WorkItem) -> BinaryIO:
    if item.is_reference:
        return BytesIO(Reference(Input.FILE_ID, item.name).encode())
    return arrange.content(DOCUMENTS, item)


def intended(subject: ExtractPageProvider, batch: Batch) -> Intent:
    made = {step.name: subject.perform(step, batch, {}, opened) for step in subject.steps(batch)}
    return Intent(batch.submission, batch.marker, subject.render(batch, made), batch, made)


def collected(subject: ExtractPageProvider, intent: Intent, remote_id: str | None) -> dict[str, str]:
    """Follow a submission to its end; return the texts by item key."""
    texts: dict[str, str] = {}
    for _ in range(3):
        for each in subject.poll(intent, remote_id).ended:
            assert isinstance(each, Ready)
            texts[each.key] = subject.read(arrange.fetched(subject, intent, each)).text()
    return texts


def test_a_batch_is_recalled_with_the_keys_of_its_items() -> None:
    with ExtractPage(page=2) as vendor:
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch(engine="swift", extract_text=None))
        made = subject.create(intended(subject, batch))
        elsewhere = arrange.provider(vendor)

        found = elsewhere.recall(batch.marker)
        assert found.remote_id == made.remote_id
        assert set(found.runs) == {item.key for item in batch.items}
        subject.close()
        elsewhere.close()


@pytest.mark.parametrize("some", [slice(None), slice(1, 3)])
def test_recalled_work_is_followed_and_fetched_also_in_part(some: slice) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch())
        subject.create(intended(subject, batch))
        found = subject.recall(batch.marker)
        known = replace(batch, items=batch.items[some])

        texts = collected(subject, Intent("s1", batch.marker, b"", known, found.prepared), found.remote_id)
        assert texts == {item.key: DOCUMENTS[item.name] for item in known.items}
        subject.close()


def test_uploads_that_were_recalled_are_the_ones_that_were_made_and_live_no_longer() -> None:
    with ExtractPage() as vendor:
        now = vendor.clock()
        vendor.clock = lambda: now
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch())
        first = intended(subject, batch)
        subject.create(first)
        vendor.clock = lambda: now + 40 * HOUR

        found = subject.recall(batch.marker).prepared
        sent = {name: made for name, made in first.prepared.items() if name.startswith("file")}
        assert {name: made.remote_id for name, made in found.items()} == {
            name: made.remote_id for name, made in sent.items()
        }
        for name, made in sent.items():
            assert found[name].expires == pytest.approx(made.expires, abs=2)
        subject.close()


def test_the_earliest_of_several_batches_with_a_marker_is_recalled() -> None:
    with ExtractPage(idempotent=False, lag=1e9) as vendor:
        subject = arrange.provider(vendor)
        intent = intended(subject, keyed(subject, arrange.batch()))
        subject.create(intent)
        subject.create(intent)
        vendor.lag = 0

        assert subject.recall(intent.marker).remote_id == "batch_0001"
        subject.close()


def test_what_is_not_listed_cannot_be_recalled() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch())
        subject.create(intended(subject, batch))
        stranger = arrange.provider(vendor, OTHER_KEY)

        for asked, marker in ((subject, f"{PROJECT_ID}-s2"), (stranger, batch.marker)):
            with pytest.raises(Gone, match="lists no batch"):
                asked.recall(marker)
        subject.close()
        stranger.close()


def test_an_item_whose_file_is_gone_cannot_be_told() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch())
        subject.create(intended(subject, batch))
        del vendor.files["file_000002"]

        assert set(subject.recall(batch.marker).runs) == {
            item.key for item in batch.items if item.name != "b.txt"
        }
        subject.close()


def test_a_batch_of_before_that_names_no_recipe_is_recalled_without_its_items() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        batch = keyed(subject, arrange.batch())
        subject.create(intended(subject, batch))
        vendor.batches["batch_0001"].body = {"metadata": {"marker": batch.marker, "recipe": "none"}}

        found = subject.recall(batch.marker)
        assert (found.remote_id, dict(found.runs)) == ("batch_0001", {})
        subject.close()


def test_a_document_that_is_there_already_is_parsed_where_it_lies_and_recalled() -> None:
    with ExtractPage() as vendor:
        file = arrange.uploaded(vendor, "there before")
        subject = arrange.provider(vendor)
        both = replace(arrange.batch({"a.txt": DOCUMENTS["a.txt"]}), config={})
        batch = keyed(subject, replace(both, items=(*both.items, *listing(file))))
        intent = intended(subject, batch)

        assert len(vendor.sent("PUT")) == 2
        texts = collected(subject, intent, subject.create(intent).remote_id)
        assert texts == {batch.items[0].key: DOCUMENTS["a.txt"], batch.items[1].key: "there before"}
        assert set(subject.recall(batch.marker).runs) == {item.key for item in batch.items}
        subject.close()


def test_an_upload_that_is_also_listed_by_its_id_is_sent_once_and_answers_both() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        alone = arrange.batch({"a.txt": DOCUMENTS["a.txt"]})
        intended(subject, alone)
        batch = keyed(subject, replace(alone, items=(*alone.items, *listing("file_000002"))))
        intent = intended(subject, batch)

        texts = collected(subject, intent, subject.create(intent).remote_id)
        assert list(texts.values()) == [DOCUMENTS["a.txt"]] * 2
        assert vendor.ledger == ["a.txt"]
        subject.close()


@pytest.mark.parametrize("key", [OTHER_KEY, None])
def test_a_listed_file_that_is_not_seen_is_refused_before_anything_is_paid(key: str | None) -> None:
    with ExtractPage() as vendor:
        file = arrange.uploaded(vendor, "of another", key) if key else "file_999999"
        subject = arrange.provider(vendor)
        batch = replace(arrange.batch({}), items=listing(file))
        before = len(vendor.sent("POST", "PUT"))

        with pytest.raises(Refused, match=f"file {file} cannot be used at extract.page: it is not known"):
            subject.perform(subject.steps(batch)[1], batch, {}, opened)
        assert len(vendor.sent("POST", "PUT")) == before
        subject.close()


@pytest.mark.parametrize("fault", ["not_found", "not_uploaded"])
def test_a_listed_file_that_a_batch_does_not_take_is_refused_alone(fault: str) -> None:
    with ExtractPage() as vendor:
        file = arrange.uploaded(vendor, "there before")
        subject = arrange.provider(vendor)
        batch = replace(arrange.batch(), items=(*arrange.batch().items, *listing(file)))
        intent = intended(subject, batch)
        kept = vendor.files[file]
        if fault == "not_found":
            del vendor.files[file]
        else:
            del vendor.blobs[kept.path]

        with pytest.raises(Stale) as raised:
            subject.create(intent)
        assert raised.value.stale == (subject.steps(batch)[-1].name,)
        vendor.files[file] = kept
        with pytest.raises(Refused, match=f"file {file} cannot be used at extract.page: file_{fault}"):
            subject.perform(subject.steps(batch)[-1], batch, {}, opened)
        assert vendor.ledger == []
        subject.close()
