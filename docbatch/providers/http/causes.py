"""Why a vendor does not do what it was asked to, in a few words that are the same each time."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from docbatch.providers.http.redaction import redact

LONGEST = 120
CHECK_ADDRESS = "check the connection's base_url, and what stands between this machine and the service"
_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_PLACE = re.compile(r"_ssl\.c:\d+: | \(_ssl\.c:\d+\)")
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def unreached(reason: str, host: str) -> str:
    """Say why there is no connection, or no answer on it: `connection refused (api.example.com)`."""
    plain = _PLACE.sub("", _NUMBER.sub("", redact(reason, (), LONGEST))).rstrip(".")
    return f"{plain[:1].lower()}{plain[1:]} ({host})" if host else plain


def is_redirect(status: int) -> bool:
    return 300 <= status < 400


def is_page(body: bytes) -> bool:
    """Say whether a body is a page for people: of a proxy, a login, a server in front of the service."""
    return _PAGE.match(body) is not None


def answered(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Say what came instead of what was asked for: `answered 429`."""
    if is_redirect(status):
        return (
            f"answered {status}, a redirect to {_place(headers.get('location', ''))}, which is not followed"
        )
    if is_page(body):
        return f"answered {status} with an HTML page"
    return f"answered {status}" + (" with what cannot be read" if 200 <= status < 300 else "")


def _place(location: str) -> str:
    """Return where a redirect leads, without what may be a credential in it."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
    except ValueError:
        return "no place"
    return redact(host or parts.path or "no place", (), LONGEST)
