"""Google Cloud Storage: objects kept by gcp-storage-emulator, and its XML API, of which that has almost nothing.

obstore speaks the XML API (cloud.google.com/storage/docs/xml-api/reference-methods) and the emulator the JSON API. What is
written by one is read by the other here; conditions, generations and pages are judged by `_XmlApi`, one request at a time.
"""

import atexit
import base64
import contextlib
import functools
import http.client
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode
from xml.sax.saxutils import escape

from docbatch.emulators.server import Emulator, Request, Response
from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings

ACCOUNT_KEY = json.dumps(
    {"client_email": "a@b.example", "private_key_id": "1", "private_key": "none", "disable_oauth": True}
)
"""A service account that asks nobody for a token."""
PAGE = 1000
_META = "x-goog-meta-"


class _Kept(NamedTuple):
    """An object as the emulator has it."""

    name: str
    generation: str
    etag: str
    size: int
    updated: datetime
    content_type: str
    metadata: Mapping[str, str]


class _JsonApi:
    """The emulator, by HTTP as anybody would."""

    def __init__(self, place: str) -> None:
        self._place = place

    def bucket(self, name: str) -> bool:
        return self._ask("GET", f"/storage/v1/b/{name}")[0] == 200

    def create(self, name: str) -> None:
        body = json.dumps({"name": name}).encode()
        assert self._ask("POST", "/storage/v1/b", body, "application/json")[0] == 200

    def kept(self, bucket: str, key: str) -> _Kept | None:
        status, body = self._ask("GET", f"/storage/v1/b/{bucket}/o/{quote(key, '')}")
        return _kept(json.loads(body)) if status == 200 else None

    def list(self, bucket: str, prefix: str = "") -> list[_Kept]:
        asked = urlencode({"prefix": prefix} if prefix else {})
        _, body = self._ask("GET", f"/storage/v1/b/{bucket}/o?{asked}")
        return [_kept(each) for each in json.loads(body)["items"]]

    def read(self, bucket: str, key: str) -> bytes:
        return self._ask("GET", f"/download/storage/v1/b/{bucket}/o/{quote(key, '')}?alt=media")[1]

    def write(
        self, bucket: str, key: str, content: bytes, content_type: str, metadata: Mapping[str, str]
    ) -> _Kept:
        place = f"/upload/storage/v1/b/{bucket}/o?{urlencode({'name': key})}"
        if content:
            status, _ = self._ask("POST", f"{place}&uploadType=media", content)
        else:
            # An empty body is none to the emulator; a part of one may be empty.
            part = f"Content-Type: application/json\r\n\r\n{json.dumps({'name': key})}"
            parts = f"--x\r\n{part}\r\n--x\r\nContent-Type: text/plain\r\n\r\n\r\n--x--\r\n"
            status, _ = self._ask(
                "POST", f"{place}&uploadType=multipart", parts.encode(), "multipart/related; boundary=x"
            )
        assert status == 200, status
        said = json.dumps({"contentType": content_type, "metadata": dict(metadata)}).encode()
        status, body = self._ask(
            "PATCH", f"/storage/v1/b/{bucket}/o/{quote(key, '')}", said, "application/json"
        )
        assert status == 200, status
        return _kept(json.loads(body))

    def delete(self, bucket: str, key: str) -> bool:
        return self._ask("DELETE", f"/storage/v1/b/{bucket}/o/{quote(key, '')}")[0] != 404

    def _ask(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/octet-stream"
    ) -> tuple[int, bytes]:
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        with contextlib.closing(http.client.HTTPConnection(self._place, timeout=60)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


def _kept(told: Mapping[str, Any]) -> _Kept:
    etag = f'"{base64.b64decode(told["md5Hash"]).hex()}"'
    updated = datetime.fromisoformat(told["updated"])
    size, said = int(told["size"]), told.get("metadata") or {}
    return _Kept(told["name"], told["generation"], etag, size, updated, told["contentType"], said)


class _XmlApi(Emulator):
    """What obstore asks Google."""

    def __init__(self, kept: _JsonApi) -> None:
        super().__init__()
        self._kept = kept
        self.remembers = False

    def route(self, request: Request) -> Response:
        bucket, _, key = request.path.lstrip("/").partition("/")
        bucket, key = unquote(bucket), unquote(key)
        if not self._kept.bucket(bucket):
            return _refused(404, "NoSuchBucket")
        if not key:
            return self._listed(bucket, request)
        found = self._kept.kept(bucket, key)
        if request.method == "PUT":
            return self._written(bucket, key, request, found)
        if found is None or request.param("generation") not in {None, found.generation}:
            return _refused(404, "NoSuchKey")
        if request.method == "DELETE":
            self._kept.delete(bucket, key)
            return Response(204)
        return self._read(bucket, request, found)

    def _listed(self, bucket: str, request: Request) -> Response:
        # Names are ordered as UTF-8, of which strings here are ordered alike.
        after = max(request.param("start-after") or "", request.param("continuation-token") or "")
        prefix, delimiter = request.param("prefix") or "", request.param("delimiter")
        objects = [each for each in self._kept.list(bucket, prefix) if each.name > after]
        folders: set[str] = set()
        if delimiter is not None:
            below = {each.name: each.name[len(prefix) :].partition(delimiter) for each in objects}
            folders = {prefix + name + slash for name, slash, _ in below.values() if slash}
            objects = [each for each in objects if not below[each.name][1]]
        most = min(PAGE, int(request.param("max-keys") or PAGE))
        page = objects[:most]
        entries = "".join(
            f"<Contents><Key>{escape(each.name)}</Key><Generation>{each.generation}</Generation>"
            f"<LastModified>{each.updated.isoformat()}</LastModified><ETag>{escape(each.etag)}</ETag>"
            f"<Size>{each.size}</Size></Contents>"
            for each in page
        )
        more = len(objects) > most
        token = f"<NextContinuationToken>{escape(page[-1].name)}</NextContinuationToken>" if more else ""
        entries += "".join(
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in sorted(folders)
        )
        told = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}"
        return _xml(200, f"<ListBucketResult>{told}</ListBucketResult>")

    def _read(self, bucket: str, request: Request, found: _Kept) -> Response:
        if request.headers.get("if-match", found.etag) != found.etag:
            return _refused(412, "PreconditionFailed")
        told = {
            "ETag": found.etag,
            "Last-Modified": format_datetime(found.updated, usegmt=True),
            "x-goog-generation": found.generation,
            "Content-Type": found.content_type,
            **{f"{_META}{name}": text for name, text in found.metadata.items()},
        }
        if request.method == "HEAD":
            return Response(200, {**told, "Content-Length": str(found.size)})
        content = self._kept.read(bucket, found.name)
        window = request.headers.get("range")
        if window is None:
            return Response(200, told, content)
        first, _, last = window.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or found.size), found.size - 1)
        told["Content-Range"] = f"bytes {start}-{end}/{found.size}"
        return Response(206, told, content[start : end + 1])

    def _written(self, bucket: str, key: str, request: Request, there: _Kept | None) -> Response:
        wanted = request.headers.get("x-goog-if-generation-match")
        if wanted is not None and wanted != ("0" if there is None else there.generation):
            return _refused(412, "PreconditionFailed")
        content, of = request.body, request.headers.get("content-type", "application/octet-stream")
        said = {
            name.removeprefix(_META): text for name, text in request.headers.items() if name.startswith(_META)
        }
        if source := request.headers.get("x-goog-copy-source"):
            copied = self._kept.kept(bucket, unquote(source).partition("/")[2])
            if copied is None:
                return _refused(404, "NoSuchKey")
            content, of, said = (
                self._kept.read(bucket, copied.name),
                copied.content_type,
                dict(copied.metadata),
            )
        now = self._kept.write(bucket, key, content, of, said)
        return Response(200, {"ETag": now.etag, "x-goog-generation": now.generation})


def _xml(status: int, text: str) -> Response:
    return Response(status, {"Content-Type": "application/xml"}, f"<?xml version='1.0'?>{text}".encode())


def _refused(status: int, code: str) -> Response:
    return _xml(status, f"<Error><Code>{code}</Code><Message>refused</Message></Error>")


@functools.cache
def _servers() -> tuple[_JsonApi, _XmlApi]:
    """Start both once, in threads of this process."""
    from gcp_storage_emulator.server import create_server

    emulator = create_server("127.0.0.1", 0, in_memory=True)
    emulator._api.daemon = True
    emulator.start()
    kept = _JsonApi(f"127.0.0.1:{emulator._api._httpd.server_port}")
    api = _XmlApi(kept)
    api.listen()
    atexit.register(api.close)
    return kept, api


class GcsBucket:
    """A bucket, with the JSON API as the way of others to it."""

    environment: Mapping[str, str] = {"LAKE_KEY": ACCOUNT_KEY}

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept, api = _servers()
        self.endpoint = api.url

    @property
    def settings(self) -> StoreSettings:
        credentials = {"service_account_key": ACCOUNT_KEY}
        return StoreSettings("lake", "gcs", self.name, self.endpoint, credentials=credentials)

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.settings)

    def declared(self, endpoint: str | None = None) -> dict[str, object]:
        """Return the bucket as docbatch.yaml names it."""
        return {
            "type": "gcs",
            "bucket": self.name,
            "endpoint": endpoint or self.endpoint,
            "service_account_key": {"env": "LAKE_KEY"},
        }

    def put(self, key: str, content: bytes, metadata: Mapping[str, str] | None = None) -> str:
        """Write an object as somebody else would, and return its ETag."""
        return self._kept.write(self.name, key, content, "application/octet-stream", metadata or {}).etag

    def remove(self, key: str) -> None:
        assert self._kept.delete(self.name, key)

    def objects(self) -> dict[str, bytes]:
        """Return everything in the bucket."""
        return {each.name: self._kept.read(self.name, each.name) for each in self._kept.list(self.name)}

    def unfinished(self) -> list[str]:
        """Return uploads in parts that nobody ended: this server takes none at all."""
        return []


@contextlib.contextmanager
def gcs_bucket() -> Iterator[GcsBucket]:
    """Give a new bucket."""
    name = f"docs-{secrets.token_hex(6)}"
    _servers()[0].create(name)
    yield GcsBucket(name)
