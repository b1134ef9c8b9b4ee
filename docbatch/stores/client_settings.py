"""What obstore is told of a store, so that the environment of this machine gives what was not declared and changes nothing that was.

obstore takes variables such as AWS_ENDPOINT_URL_S3, AWS_SESSION_TOKEN or AZURE_STORAGE_TOKEN for as good as what it is told,
and some of them for better: a declared key would go to another host, or somebody else's token to the declared one.
"""

import base64
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from docbatch.naming.links import is_loopback
from docbatch.stores.faults import StoreRefused
from docbatch.stores.settings import StoreSettings

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 60
"""Without a byte for so long an answer counts as lost. How long a whole one takes is not bounded: objects are large."""
_USUAL_REGION = "us-east-1"
_TAKEN_INSTEAD = ("GOOGLE_BEARER_TOKEN", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH")


def region_of(own: StoreSettings) -> str:
    """Return the region of a bucket: a signature holds for one alone."""
    return own.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _USUAL_REGION


def settings_of(own: StoreSettings) -> dict[str, Any]:
    """Return the arguments of obstore's class of store. Raises StoreRefused where what is declared would not be what counts."""
    config: dict[str, Any] = _CONFIGS[own.type](own)
    given: dict[str, Any] = {"client_options": _client_options(own.endpoint), "config": config}
    if not own.credentials:
        return given
    config["skip_signature"] = False
    if own.type == "gcs":
        _require_alone(own)
        config.update(own.credentials)
    else:
        # What is given so counts before all that is found.
        given["credential_provider"] = _provider(own)
    return given


def _s3(own: StoreSettings) -> dict[str, Any]:
    region = region_of(own)
    endpoint = own.endpoint or f"https://s3.{region}.amazonaws.com"
    is_in_host = own.endpoint is not None and not own.path_style
    if is_in_host:
        there = urlsplit(endpoint)
        endpoint = there._replace(netloc=f"{own.bucket}.{there.netloc}").geturl()
    return {
        "aws_endpoint_url_s3": endpoint,
        "region": region,
        "virtual_hosted_style_request": is_in_host,
        "conditional_put": "etag",
    }


def _gcs(own: StoreSettings) -> dict[str, Any]:
    return {"base_url": own.endpoint or "https://storage.googleapis.com"}


def _azure(own: StoreSettings) -> dict[str, Any]:
    return {
        "account_name": own.account,
        "endpoint": own.endpoint or f"https://{own.account}.blob.core.windows.net",
        "use_emulator": False,
        "use_fabric_endpoint": False,
    }


_CONFIGS = {"s3": _s3, "gcs": _gcs, "azure": _azure}


def _provider(own: StoreSettings) -> Any:
    known = own.credentials
    given: Mapping[str, str | None]
    if own.type == "s3":
        given = {
            "access_key_id": known["access_key_id"],
            "secret_access_key": known["secret_access_key"],
            "token": known.get("session_token"),
        }
    elif "sas_key" in known:
        given = {"sas_token": _signature(own.name, known["sas_key"])}
    else:
        given = {"access_key": _account_key(own.name, known["account_key"])}
    return lambda: {**given, "expires_at": None}


def _signature(store: str, sas: str) -> str:
    if not parse_qs(sas.removeprefix("?")).get("sig"):
        raise StoreRefused(f"store '{store}': its sas is no shared access signature")
    return sas.removeprefix("?")


def _account_key(store: str, key: str) -> str:
    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        raise StoreRefused(f"store '{store}': its account_key is no key of an account") from None
    return key


def _require_alone(own: StoreSettings) -> None:
    """Raise StoreRefused where a variable would be taken instead of the key that is declared."""
    for name in _TAKEN_INSTEAD:
        if os.environ.get(name):
            raise StoreRefused(
                f"store '{own.name}': the variable {name} would be taken instead of its service_account_key; unset it"
            )


def _client_options(endpoint: str | None) -> dict[str, Any]:
    host = urlsplit(endpoint or "").hostname or ""
    return {
        "allow_http": is_loopback(host),
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "read_timeout": timedelta(seconds=_ANSWER_SECONDS),
        "timeout": timedelta(days=1),
    }
