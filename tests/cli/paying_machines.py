"""Machines that share no file, work with one state in a bucket, and pay an emulated vendor."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path

from docbatch.emulators.llamacloud.service import LlamaCloud
from tests.cli.state_machines import STATE
from tests.providers.llamacloud.project import VendorProject, connection, project
from tests.stores.moto_server import REGION, MotoBucket

DOCUMENTS = {"a.txt": "apple", "b.txt": "banana", "c.txt": "cherry"}
STORE = (
    "stores:\n  lake: {{type: s3, bucket: {bucket}, region: {region}, endpoint: '{endpoint}',"
    " access_key: {{env: LAKE_KEY}}, secret_key: {{env: LAKE_SECRET}}}}\n"
)


def store_file(bucket: MotoBucket, endpoint: str | None = None, name: str | None = None) -> str:
    """Return what docbatch.yaml says of a bucket, reached at another endpoint or called otherwise where that is given."""
    return STORE.format(bucket=name or bucket.name, region=REGION, endpoint=endpoint or bucket.endpoint)


def paying_machine(
    root: Path,
    vendor: LlamaCloud,
    bucket: MotoBucket,
    endpoint: str | None = None,
    *,
    state: str = STATE,
    documents: Mapping[str, str | bytes] = DOCUMENTS,
) -> VendorProject:
    """Return a project in a folder of its own; `state` is what docbatch.yaml says of that."""
    made = project(root, vendor, documents)
    made.write({"docbatch.yaml": connection(vendor) + store_file(bucket, endpoint) + state})
    return made


def paid_twice(vendor: LlamaCloud) -> list[str]:
    """Return the documents that were paid for more than once."""
    paid = Counter(each.digest for each in vendor.payments)
    return [digest for digest, times in paid.items() if times > 1]


@contextmanager
def forgotten(vendor: LlamaCloud) -> Iterator[None]:
    """Let a vendor forget what it was asked for in the block."""
    kept = {name: copy(known) for name, known in vars(vendor).items() if isinstance(known, dict | list)}
    yield
    vars(vendor).update(kept)
