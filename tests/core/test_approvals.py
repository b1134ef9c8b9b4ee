"""What a person approves of is named by what would be sent and how, and by nothing else."""

from dataclasses import replace

import pytest

from docbatch.core.approvals import LENGTH, WayOfSending, approval_digest

WAY = WayOfSending("extend", "r1", {"ocr": "auto"}, {"engine": "2"})
ITEMS = [("k1", 0), ("k2", 0)]
DIGEST = approval_digest([WAY], ITEMS)


def test_jobs_that_send_in_the_same_way_are_no_difference() -> None:
    other = replace(WAY, connection="llamacloud")

    assert approval_digest([WAY, WAY], ITEMS) == DIGEST
    assert approval_digest([WAY, other], ITEMS) == approval_digest([other, WAY], iter(ITEMS))
    assert len(DIGEST) == LENGTH


@pytest.mark.parametrize(
    "way",
    [
        replace(WAY, connection="other"),
        replace(WAY, recipe="r2"),
        replace(WAY, config={"ocr": "force"}),
        replace(WAY, config={"ocr": "auto", "priority": 1}),
        replace(WAY, pins={"engine": "3"}),
    ],
)
def test_another_way_is_another_digest(way: WayOfSending) -> None:
    assert approval_digest([way], ITEMS) != DIGEST


@pytest.mark.parametrize(
    "items", [[("k1", 0)], [*ITEMS, ("k3", 0)], [("k1", 0), ("k2", 1)], [("k1", 0), ("k3", 0)]]
)
def test_other_documents_and_another_try_are_another_digest(items: list[tuple[str, int]]) -> None:
    assert approval_digest([WAY], items) != DIGEST
