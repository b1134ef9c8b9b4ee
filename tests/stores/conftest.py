"""Real servers on loopback that stand for object stores."""

from collections.abc import Iterator

import pytest

from tests.stores.buckets import VENDORS, Bucket
from tests.stores.moto_server import MotoBucket, moto_bucket


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture(params=VENDORS)
def any_bucket(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    """Give a new bucket at each vendor's counterpart."""
    with VENDORS[request.param]() as bucket:
        yield bucket
