import zlib

import pytest

from tests.hostile.bombs import zeros
from tests.hostile.craft import craft, makers

LARGEST_TOGETHER = 60_000_000


@pytest.fixture(scope="module")
def crafted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in craft(tmp_path_factory.mktemp("hostile"))}


def test_there_are_more_than_a_hundred_different_documents(crafted: dict[str, bytes]) -> None:
    assert len(set(crafted.values())) >= 110


def test_only_empty_documents_are_equal(crafted: dict[str, bytes]) -> None:
    contents = [content for content in crafted.values() if content]
    assert len(contents) == len(set(contents))


def test_together_they_stay_small(crafted: dict[str, bytes]) -> None:
    assert sum(map(len, crafted.values())) < LARGEST_TOGETHER


def test_they_are_the_same_each_time(crafted: dict[str, bytes]) -> None:
    assert [name for name, make in makers().items() if make() != crafted[name]] == []


def test_a_bomb_unpacks_to_its_size() -> None:
    assert zlib.decompress(zeros(3_000_000)) == b"\0" * 3_000_000
