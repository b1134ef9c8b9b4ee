"""S3 as `moto` serves it: one server for the tests of a process, and a bucket of its own for each test."""

import contextlib
import functools
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings

KEY, SECRET = "AKIAEXAMPLE", "a-secret-of-the-store"
REGION = "eu-central-1"


def _put_one_by_one() -> None:
    """Have a put and its condition be one step, as at S3: moto looks first and puts later, with other requests in between."""
    from moto.s3.responses import S3Response

    put, turn = S3Response.put_object, threading.Lock()

    def put_alone(response: S3Response) -> Any:
        with turn:
            return put(response)

    setattr(S3Response, "put_object", put_alone)  # noqa: B010 - mypy knows the method


@functools.cache
def _endpoint() -> str:
    from moto.server import ThreadedMotoServer

    _put_one_by_one()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


class MotoBucket:
    """A bucket, with boto3 as a client that is not ours."""

    environment: Mapping[str, str] = {"LAKE_ID": KEY, "LAKE_SECRET": SECRET}

    def __init__(self, name: str, client: Any) -> None:
        self.name = name
        self.client = client
        self.endpoint = _endpoint()

    @property
    def settings(self) -> StoreSettings:
        credentials = {"access_key_id": KEY, "secret_access_key": SECRET}
        return StoreSettings(
            "lake", "s3", self.name, self.endpoint, REGION, path_style=True, credentials=credentials
        )

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.settings)

    def declared(self, endpoint: str | None = None) -> dict[str, object]:
        """Return the bucket as docbatch.yaml names it."""
        return {
            "type": "s3",
            "bucket": self.name,
            "region": REGION,
            "endpoint": endpoint or self.endpoint,
            "access_key": {"env": "LAKE_ID"},
            "secret_key": {"env": "LAKE_SECRET"},
        }

    def put(self, key: str, content: bytes, metadata: Mapping[str, str] | None = None, **said: Any) -> str:
        """Write an object as somebody else would, and return its ETag."""
        put = self.client.put_object(
            Bucket=self.name, Key=key, Body=content, Metadata=dict(metadata or {}), **said
        )
        return str(put["ETag"])

    def fill(self, contents: Mapping[str, bytes]) -> dict[str, str]:
        """Write many objects at once, where the server keeps them; return their ETags."""
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        return {key: str(kept.put_object(self.name, key, content).etag) for key, content in contents.items()}

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def unfinished(self) -> list[str]:
        """Return the keys of uploads in parts that nobody ended."""
        uploads = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", ())
        return sorted(each["Key"] for each in uploads)

    def objects(self) -> dict[str, bytes]:
        """Return everything in the bucket, where nobody changes it."""
        return {key: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in self.names()}

    def names(self, prefix: str = "") -> list[str]:
        """Return what is in the bucket by name, whoever works there."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]


@contextlib.contextmanager
def moto_bucket(*, versioned: bool = False) -> Iterator[MotoBucket]:
    """Give a new bucket."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=_endpoint(),
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name=REGION,
    )
    name = f"docs-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    try:
        yield MotoBucket(name, client)
    finally:
        client.close()
