"""The bucket of the example, as its owner has set it up: one key may read, one may write as well, and no other is known."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from docbatch.emulators.server import Request, Response
from tests.stores.fault_proxy import FaultProxy, kind, refusal
from tests.stores.moto_server import MotoBucket, moto_bucket

READS = {"LAKE_ACCESS_KEY": "AKIAREADS", "LAKE_SECRET_KEY": "sk-of-who-reads"}
WRITES = {"LAKE_ACCESS_KEY": "AKIAWRITES", "LAKE_SECRET_KEY": "sk-of-who-writes"}
"""Secrets of the repository, and of the environments that only main may use."""
_ONLY_READS = frozenset({"GET", "HEAD", "LIST"})


class Lake(FaultProxy):
    """`refused` are the requests that a key had no right to."""

    def __init__(self, bucket: MotoBucket) -> None:
        super().__init__(bucket.endpoint)
        self.bucket = bucket
        self.refused: list[Request] = []
        self.instead = self._judged

    @property
    def outputs(self) -> Mapping[str, str]:
        """What lies in the folder of outputs, by key."""
        return {key: content.decode() for key, content in self.bucket.objects().items() if key.startswith("out/")}  # fmt: skip

    def asked_by(self, secrets: Mapping[str, str]) -> list[str]:
        """Return what a key was used for: `GET acme-invoices/state/lease`."""
        wanted = secrets["LAKE_ACCESS_KEY"]
        return [f"{kind(each)} {each.path.strip('/')}" for each in self.requests if _key(each) == wanted]

    def _judged(self, request: Request) -> Response | None:
        key = _key(request)
        if key == WRITES["LAKE_ACCESS_KEY"]:
            return None
        if key == READS["LAKE_ACCESS_KEY"] and kind(request) in _ONLY_READS:
            return None
        self.refused.append(request)
        return refusal(403, "AccessDenied")


def _key(request: Request) -> str:
    found = re.search(r"Credential=([^/]+)/", request.headers.get("authorization", ""))
    return found[1] if found else ""


@contextmanager
def served_lake() -> Iterator[Lake]:
    """Give a new bucket behind keys."""
    with moto_bucket() as bucket, Lake(bucket) as lake:
        yield lake
