"""Links to versions of objects: fetched without credentials, of that version alone, and signed by nobody else's settings."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from docbatch.core.errors import CredentialsError
from docbatch.stores.link_signer import LIFETIME, LinkSigner
from docbatch.stores.settings import StoreSettings
from tests.stores.moto_server import KEY, SECRET, MotoBucket, moto_bucket

KEYS = ["a.txt", "with a space/and +.txt", "ümlaut/100 %?&=#.txt"]
AT_AMAZON = StoreSettings("lake", "s3", "docs", region="eu-central-1")


@pytest.fixture
def versions() -> Iterator[MotoBucket]:
    with moto_bucket(versioned=True) as bucket:
        yield bucket


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither variables nor files nor services of where the tests run."""
    for name in (
        "ACCESS_KEY_ID",
        "SECRET_ACCESS_KEY",
        "SESSION_TOKEN",
        "REGION",
        "DEFAULT_REGION",
        "PROFILE",
    ):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def fetched(link: str) -> bytes:
    with urllib.request.urlopen(link) as answer:
        content: bytes = answer.read()
    return content


def said(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


@pytest.mark.parametrize("key", KEYS)
def test_a_link_gives_the_version_it_was_made_for(versions: MotoBucket, key: str) -> None:
    versions.put(key, b"as it was")
    facts = versions.store.facts(key)
    versions.put(key, b"as it is")
    assert facts is not None
    assert facts.version is not None

    link = LinkSigner(versions.settings).link(key, facts.version)

    assert fetched(link) == b"as it was"
    assert unquote(urlsplit(link).path).endswith(f"/{key}")
    assert said(link)["X-Amz-Expires"] == str(LIFETIME) == "604800"
    assert SECRET not in link


def test_a_version_that_is_gone_is_not_given_as_another(versions: MotoBucket) -> None:
    versions.put("a.txt", b"one")
    facts = versions.store.facts("a.txt")
    versions.put("a.txt", b"two")
    assert facts is not None
    assert facts.version is not None
    versions.client.delete_object(Bucket=versions.name, Key="a.txt", VersionId=facts.version)

    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(LinkSigner(versions.settings).link("a.txt", facts.version))


def test_credentials_for_a_time_go_along(versions: MotoBucket) -> None:
    credentials = {**versions.settings.credentials, "session_token": "for-a-time"}

    link = LinkSigner(replace(versions.settings, credentials=credentials)).link("a", "v")

    assert said(link)["X-Amz-Security-Token"] == "for-a-time"


def test_without_keys_the_platforms_own_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPLATFORM")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-platform")

    link = LinkSigner(AT_AMAZON).link("a.txt", "v")

    assert said(link)["X-Amz-Credential"].startswith("AKIAPLATFORM/")
    assert urlsplit(link).hostname == "docs.s3.eu-central-1.amazonaws.com"


def test_without_any_credentials_that_is_said_and_nothing_quoted() -> None:
    with pytest.raises(CredentialsError, match="store 'lake': no request can be signed: NoCredentialsError"):
        LinkSigner(AT_AMAZON).link("a.txt", "v")


@pytest.mark.parametrize(
    ("variable", "region"), [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "us-west-2")]
)
def test_the_region_is_the_stores_then_the_platforms(
    versions: MotoBucket, monkeypatch: pytest.MonkeyPatch, variable: str, region: str
) -> None:
    settings = replace(versions.settings, region=None)
    assert "/us-east-1/" in said(LinkSigner(settings).link("a", "v"))["X-Amz-Credential"]
    monkeypatch.setenv(variable, region)

    assert f"/{region}/" in said(LinkSigner(settings).link("a", "v"))["X-Amz-Credential"]
    assert "/eu-central-1/" in said(LinkSigner(versions.settings).link("a", "v"))["X-Amz-Credential"]


def test_where_other_programs_find_their_stores_changes_no_link(
    versions: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")

    at_amazon = replace(AT_AMAZON, credentials=versions.settings.credentials)

    assert LinkSigner(versions.settings).link("a", "v").startswith(versions.endpoint)
    assert LinkSigner(at_amazon).link("a", "v").startswith("https://docs.s3.eu-central-1.amazonaws.com/a?")


@pytest.mark.parametrize(
    "ambient",
    [
        {"AWS_PROFILE": "of-somebody-else"},
        {"AWS_SESSION_TOKEN": "of-somebody-else", "AWS_SECURITY_TOKEN": "of-somebody-else"},
        {"AWS_CONFIG_FILE": "broken", "AWS_SHARED_CREDENTIALS_FILE": "broken"},
    ],
)
def test_declared_keys_sign_whatever_this_machine_is_set_to(
    versions: MotoBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ambient: dict[str, str]
) -> None:
    (tmp_path / "broken").write_text("no [ini file\n")
    monkeypatch.chdir(tmp_path)
    for name, text in ambient.items():
        monkeypatch.setenv(name, text)

    link = LinkSigner(versions.settings).link("a.pdf", "1")

    assert said(link)["X-Amz-Credential"].startswith(f"{KEY}/")
    assert "X-Amz-Security-Token" not in said(link)
