from pathlib import Path

import pytest

from .arrangement import KINDS, Arrangement


@pytest.fixture(params=KINDS)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Arrangement:
    return Arrangement(request.param, tmp_path)


@pytest.fixture
def files(tmp_path: Path) -> Arrangement:
    return Arrangement("files", tmp_path)


@pytest.fixture
def jsonl(tmp_path: Path) -> Arrangement:
    return Arrangement("jsonl", tmp_path)


@pytest.fixture
def sqlite(tmp_path: Path) -> Arrangement:
    return Arrangement("sqlite", tmp_path)
