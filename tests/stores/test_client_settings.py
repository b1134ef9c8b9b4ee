"""What the environment of a machine is set to changes nothing of a store that says where it is and with which key."""

import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from docbatch.stores.client_settings import settings_of
from docbatch.stores.faults import StoreFault, StoreRefused
from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings
from tests.stores.gcs_server import ACCOUNT_KEY

AMBIENT = "of-somebody-else"


class Recorder:
    """A store that has every object, and notes what it was asked with."""

    def __init__(self) -> None:
        noted: list[tuple[str, Message]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                noted.append((self.path, self.headers))
                self.send_response(200)
                for name, text in (
                    ("ETag", '"1"'),
                    ("Last-Modified", "Sun, 01 Nov 2026 00:00:00 GMT"),
                    ("Content-Length", "0"),
                ):
                    self.send_header(name, text)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.noted = noted
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def text(self) -> str:
        """Everything that was sent here."""
        return "\n".join(f"{path}\n{headers}" for path, headers in self.noted)


@pytest.fixture
def meant() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.server.shutdown()
    recorder.server.server_close()


@pytest.fixture
def other() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.server.shutdown()
    recorder.server.server_close()


def _s3(place: str) -> StoreSettings:
    keys = {"access_key_id": "AKIADECLARED", "secret_access_key": "declared"}
    return StoreSettings("lake", "s3", "docs", f"http://{place}", path_style=True, credentials=keys)


def _azure(place: str) -> StoreSettings:
    keys = {"account_key": "ZGVjbGFyZWQ="}
    return StoreSettings("lake", "azure", "docs", f"http://{place}/acme", account="acme", credentials=keys)


def _sas(place: str) -> StoreSettings:
    keys = {"sas_key": "?sv=1&sig=declared"}
    return StoreSettings("lake", "azure", "docs", f"http://{place}/acme", account="acme", credentials=keys)


def _gcs(place: str) -> StoreSettings:
    keys = {"service_account_key": ACCOUNT_KEY}
    return StoreSettings("lake", "gcs", "docs", f"http://{place}", credentials=keys)


STORES = {"s3": _s3, "azure": _azure, "sas": _sas, "gcs": _gcs}
SIGNED = {
    "s3": "Credential=AKIADECLARED/",
    "azure": "SharedKey acme:",
    "sas": "sv=1&sig=declared",
    "gcs": "/docs/",
}


@pytest.mark.parametrize("vendor", STORES)
def test_a_declared_store_is_asked_with_what_is_declared_alone(
    meant: Recorder, other: Recorder, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    ambient = {
        **dict.fromkeys(("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"), f"http://{other.place}"),
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), AMBIENT),
        **dict.fromkeys(("AWS_ALLOW_HTTP", "AWS_SKIP_SIGNATURE", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"), "true"),
        **dict.fromkeys(("AWS_BUCKET", "AZURE_CONTAINER_NAME", "GOOGLE_BUCKET"), AMBIENT),
        **dict.fromkeys(("AZURE_STORAGE_ENDPOINT", "GOOGLE_BASE_URL"), f"http://{other.place}/acme"),
        **dict.fromkeys(("AZURE_STORAGE_TOKEN", "AZURE_STORAGE_ACCOUNT_NAME"), AMBIENT),
        **dict.fromkeys(("AZURE_STORAGE_SAS_KEY",), f"sv=1&sig={AMBIENT}"),
        **dict.fromkeys(("AZURE_STORAGE_USE_EMULATOR", "AZURE_SKIP_SIGNATURE"), "true"),
    }
    for name, text in ambient.items():
        monkeypatch.setenv(name, text)

    ObjectStore(STORES[vendor](meant.place)).read("a.pdf")

    assert [unquote(path).partition("?")[0].split("/")[-2:] for path, _ in meant.noted] == [["docs", "a.pdf"]]
    assert SIGNED[vendor] in meant.text
    assert AMBIENT not in meant.text
    assert other.noted == []


@pytest.mark.parametrize(
    "name", ["GOOGLE_BEARER_TOKEN", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"]
)
def test_a_variable_that_would_be_taken_instead_of_a_declared_key_is_refused(
    meant: Recorder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, AMBIENT)

    with pytest.raises(StoreRefused, match=f"'lake'.*{name}.*unset it"):
        ObjectStore(_gcs(meant.place)).read("a.pdf")
    assert meant.noted == []


def test_a_store_of_the_vendor_is_not_looked_for_elsewhere(
    other: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An address that nobody has, so that nothing leaves this machine.
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, f"http://{other.place}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    own = StoreSettings("lake", "s3", "docs", region="nowhere-1")
    monkeypatch.setattr("docbatch.stores.object_store._RETRIES", 0)

    with pytest.raises(StoreFault):
        ObjectStore(own).read("a.pdf")
    assert other.noted == []


@pytest.mark.parametrize(
    ("path_style", "asked"), [(True, "https://s3.example.com"), (False, "https://docs.s3.example.com")]
)
def test_a_bucket_stands_in_the_host_where_that_is_declared(path_style: bool, asked: str) -> None:
    own = StoreSettings("lake", "s3", "docs", "https://s3.example.com", path_style=path_style)
    config = settings_of(own)["config"]

    assert config["aws_endpoint_url_s3"] == asked
    assert config["virtual_hosted_style_request"] is not path_style
