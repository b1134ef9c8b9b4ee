"""Azure as Microsoft's Azurite serves it: one server for the tests of a process, and a container of its own for each test."""

import atexit
import base64
import contextlib
import functools
import hashlib
import hmac
import http.client
import os
import re
import secrets
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest

from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, which its manual prints and no account at Azure has."""
VERSION = "2023-11-03"
HERE = Path(__file__).parent / "azurite"
REQUIRED = "DOCBATCH_COUNTERPARTS"
_LISTENS = re.compile(r"successfully listens on (http://127\.0\.0\.1:\d+)")
_MOST_LINES = 50


def missing() -> str:
    """Say why there is no Azurite here; nothing where there is one."""
    if shutil.which("node") is None:
        return "Node.js, which Azurite needs, is not installed"
    if not (HERE / "node_modules" / "azurite").is_dir():
        return "Azurite is not installed; script/azurite does that"
    return ""


def endpoint() -> str:
    """Return where Azurite answers, started where it is not yet. Skips the test without it, unless none may be skipped."""
    reason = missing()
    if reason and os.environ.get(REQUIRED) != "all":
        pytest.skip(reason)
    assert not reason, reason
    return _started()


@functools.cache
def _started() -> str:
    """Start the service once. It ends with this process, whatever ends that."""
    process = subprocess.Popen(
        ["node", "serve.js", "--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry", "--silent"],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    atexit.register(_end, process)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := _LISTENS.search(line):
            return f"{found[1]}/{ACCOUNT}"
        if len(said) > _MOST_LINES:
            break
    raise AssertionError("Azurite does not start: " + "".join(said))


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


class AzuriteBucket:
    """A container, with a client that is not ours."""

    environment: Mapping[str, str] = {"LAKE_KEY": KEY}

    def __init__(self, name: str) -> None:
        self.name = name
        self.endpoint = endpoint()

    @property
    def settings(self) -> StoreSettings:
        return StoreSettings(
            "lake", "azure", self.name, self.endpoint, account=ACCOUNT, credentials={"account_key": KEY}
        )

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.settings)

    def declared(self, endpoint: str | None = None) -> dict[str, object]:
        """Return the container as docbatch.yaml names it."""
        return {
            "type": "azure",
            "account": ACCOUNT,
            "container": self.name,
            "endpoint": endpoint or self.endpoint,
            "account_key": {"env": "LAKE_KEY"},
        }

    def put(self, key: str, content: bytes, metadata: Mapping[str, str] | None = None) -> str:
        """Write a blob as somebody else would, and return its ETag."""
        said = {f"x-ms-meta-{name}": text for name, text in (metadata or {}).items()}
        return self._ask("PUT", key, headers={"x-ms-blob-type": "BlockBlob", **said}, body=content)[1]

    def remove(self, key: str) -> None:
        self._ask("DELETE", key)

    def objects(self) -> dict[str, bytes]:
        """Return everything in the container."""
        return {key: self._ask("GET", key)[0] for key in self._listed()}

    def create(self) -> None:
        self._ask("PUT", "", {"restype": "container"})

    def unfinished(self) -> list[str]:
        """Return blobs of which there are parts alone."""
        return sorted(set(self._listed(include="uncommittedblobs")) - set(self._listed()))

    def _listed(self, **also: str) -> list[str]:
        content, _ = self._ask("GET", "", {"restype": "container", "comp": "list", **also})
        return [str(each.text) for each in ET.fromstring(content).iterfind("./Blobs/Blob/Name")]

    def _ask(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[bytes, str]:
        """Return the body of an answer, and its ETag."""
        there = urlsplit(self.endpoint)
        path = f"{there.path}/{self.name}" + (f"/{quote(key)}" if key else "")
        said = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": VERSION, **(headers or {})}
        said["Authorization"] = _signed(method, path, query or {}, said, len(body))
        asked = f"{path}?{urlencode(query)}" if query else path
        with contextlib.closing(http.client.HTTPConnection(there.netloc, timeout=60)) as connection:
            connection.request(method, asked, body, {**said, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
        assert answer.status < 300, (answer.status, content)
        return content, answer.headers["ETag"] or ""


def _signed(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], length: int) -> str:
    """Sign with a shared key: learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""
    plain = ["", "", str(length or ""), *[""] * 8]
    own = [f"{name}:{text}" for name, text in sorted(headers.items()) if name.startswith("x-ms-")]
    asked = [f"{name}:{text}" for name, text in sorted(query.items())]
    text = "\n".join([method, *plain, *own, "\n".join([f"/{ACCOUNT}{path}", *asked])])
    signature = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {ACCOUNT}:{base64.b64encode(signature).decode()}"


@contextlib.contextmanager
def azurite_bucket() -> Iterator[AzuriteBucket]:
    """Give a new container. Skips the test where Azurite is not installed."""
    bucket = AzuriteBucket(f"docs-{secrets.token_hex(6)}")
    bucket.create()
    yield bucket
