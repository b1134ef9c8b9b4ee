"""Buckets at every vendor, as far as a test has no need to know whose."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings
from tests.stores.azurite_server import azurite_bucket
from tests.stores.gcs_server import gcs_bucket
from tests.stores.moto_server import moto_bucket


class Bucket(Protocol):
    """A bucket of a test's own. `environment` holds the secrets that `declared` refers to."""

    name: str
    endpoint: str
    environment: Mapping[str, str]

    @property
    def settings(self) -> StoreSettings: ...

    @property
    def store(self) -> ObjectStore: ...

    def declared(self, endpoint: str | None = None) -> dict[str, object]:
        """Return it as docbatch.yaml names it, at another endpoint where one is given."""

    def put(self, key: str, content: bytes, metadata: Mapping[str, str] | None = None) -> str:
        """Write an object as somebody else would, and return its ETag."""

    def remove(self, key: str) -> None: ...

    def objects(self) -> dict[str, bytes]:
        """Return everything in it."""

    def unfinished(self) -> list[str]:
        """Return the keys of uploads in parts that nobody ended."""


VENDORS: dict[str, Callable[[], AbstractContextManager[Bucket]]] = {
    "s3": moto_bucket,
    "gcs": gcs_bucket,
    "azure": azurite_bucket,
}
