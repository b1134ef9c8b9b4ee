"""Real servers on loopback that stand for object stores."""

from collections.abc import Iterator

import pytest

from tests.stores.moto_server import MotoBucket, moto_bucket


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket
