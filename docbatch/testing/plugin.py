"""What pytest needs to know of the kit: `pytest_plugins = ["docbatch.testing.plugin"]` in the conftest.py of a plug-in."""

import os
from typing import Any

import pytest

from docbatch.testing.conformance import HOLD, RESEND
from docbatch.testing.matrix import Matrix

LONG = "docbatch_long"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--docbatch-long", action="store_true", help="judge providers at every request and every write"
    )


def pytest_configure(config: pytest.Config) -> None:
    # What one test's vendor answered slows down no other test.
    os.environ.setdefault("DOCBATCH_ACCOUNTS", "off")
    config.addinivalue_line("markers", f"{LONG}: the long form of docbatch's crash matrix")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long form unless it is asked for."""
    if config.getoption("--docbatch-long"):
        return
    long = [item for item in items if item.get_closest_marker(LONG)]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker(LONG)]


@pytest.fixture(scope="class")
def docbatch_matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Matrix[Any]:
    """The vendor of a test class, whose lost answers are sent again once their work is certainly absent."""
    return _matrix(request, tmp_path_factory, RESEND)


@pytest.fixture(scope="class")
def docbatch_holding_matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Matrix[Any]:
    """The vendor of a test class, whose lost answers wait for a person."""
    return _matrix(request, tmp_path_factory, HOLD)


def _matrix(request: pytest.FixtureRequest, folders: pytest.TempPathFactory, recovery: str) -> Matrix[Any]:
    judged: Any = request.cls
    return Matrix(judged.vendor, folders.mktemp("matrix"), recovery, is_searchable=judged.is_searchable)
