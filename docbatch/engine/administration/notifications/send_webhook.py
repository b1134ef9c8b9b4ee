"""Posting to a webhook. Its URL is a credential: nothing that is said of it holds a part of it."""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from docbatch.naming.links import is_loopback

REFUSED_URL = "the webhook's URL is none with https, or with http on this machine"


class WebhookFailed(Exception):
    """Why somebody was not told, in words without the URL."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would hand what is told, and the URL's secret, to somebody else."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def post(url: str, body: bytes, seconds: float) -> None:
    """Post JSON, waiting so many seconds for each answer of the network. Raises WebhookFailed."""
    request = urllib.request.Request(  # noqa: S310 - what is no http was refused
        _checked(url),
        data=body,
        headers={"Content-Type": "application/json", "User-Agent": "docbatch"},
        method="POST",
    )
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if is_loopback(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=seconds):
            return
    except Exception as error:  # noqa: BLE001 - whatever it raises may quote the URL, and ends nothing
        _tell(error)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        raise WebhookFailed(REFUSED_URL) from None
    plain = url.isascii() and url.isprintable() and " " not in url
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or ""))
    if not host or user is not None or not plain or not safe:
        raise WebhookFailed(REFUSED_URL)
    return url


def _tell(error: Exception) -> NoReturn:
    """Raise what is to be said of an error. Its own words are left out, and it is no cause: both may hold the URL."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        redirected = 300 <= error.code < 400
        raise WebhookFailed(
            f"the webhook answered {error.code}" + (", and redirects are not followed" if redirected else "")
        ) from None
    reason: Mapping[type[BaseException], str] = {
        TimeoutError: "the webhook did not answer in time",
        ssl.SSLError: "the webhook's certificate or TLS was not accepted",
        ConnectionRefusedError: "the webhook's host refused the connection",
        OSError: "the webhook could not be reached",
        http.client.HTTPException: "the webhook answered what is no HTTP",
    }
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    told = next((text for kind, text in reason.items() if isinstance(cause, kind)), "the webhook failed")
    raise WebhookFailed(told) from None
