from collections.abc import Iterator
from pathlib import Path

import pytest

from .arrangement import KINDS, Arrangement
from .postgres_server import postgres_schema


@pytest.fixture(params=KINDS)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Arrangement]:
    if request.param != "postgres":
        yield Arrangement(request.param, tmp_path)
        return
    with postgres_schema() as schema:
        yield Arrangement(request.param, tmp_path, schema=schema)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Arrangement]:
    with postgres_schema() as schema:
        yield Arrangement("postgres", tmp_path, schema=schema)


@pytest.fixture
def files(tmp_path: Path) -> Arrangement:
    return Arrangement("files", tmp_path)


@pytest.fixture
def jsonl(tmp_path: Path) -> Arrangement:
    return Arrangement("jsonl", tmp_path)


@pytest.fixture
def sqlite(tmp_path: Path) -> Arrangement:
    return Arrangement("sqlite", tmp_path)
