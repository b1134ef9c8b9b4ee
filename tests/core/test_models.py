"""What the values that flow say of themselves."""

from typing import Any

import pytest

from docbatch.core.models import REFERENCE_TYPES, Recovery, Traits, WorkItem


def item(media_type: str) -> WorkItem:
    return WorkItem("key", "recipe", "digest", 1, media_type, "name", b"/name")


def test_an_item_knows_whether_its_bytes_only_name_a_document() -> None:
    assert [item(named).is_reference for named in REFERENCE_TYPES.values()] == [True] * len(REFERENCE_TYPES)
    assert not item("application/pdf").is_reference


@pytest.mark.parametrize(("looks", "spacing"), [(4, 20.0), (2, 60.0), (1, 60.0)])
def test_the_looks_for_work_span_the_grace(looks: int, spacing: float) -> None:
    assert Traits(recovery=Recovery.FINDABLE, max_items=1, grace=60.0, looks=looks).look_spacing == spacing


@pytest.mark.parametrize(
    ("changes", "so"),
    [
        ({}, True),
        ({"free": False}, False),
        ({"in_process": False}, False),
        ({"concurrency": 2}, False),
    ],
    ids=["free, here, one at a time", "costs money", "goes on elsewhere", "fetched side by side"],
)
def test_what_is_recorded_when_it_is_done(changes: dict[str, Any], so: bool) -> None:
    values = {"free": True, "in_process": True, "concurrency": 1, **changes}

    assert Traits(recovery=Recovery.KEYED, max_items=1, **values).is_recorded_when_done is so
