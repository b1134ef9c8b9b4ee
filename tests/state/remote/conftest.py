"""What the tests of a state in a store begin with: a store in memory, and the folders of two machines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.first_state import built_once
from tests.state.remote.kept_records import KeptRecords


@pytest.fixture
def quick_state() -> Iterator[None]:
    """Have states be made by copying one."""
    with built_once():
        yield


@pytest.fixture
def store() -> KeptRecords:
    return KeptRecords()


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return tmp_path / "a"


@pytest.fixture
def b(tmp_path: Path) -> Path:
    return tmp_path / "b"
