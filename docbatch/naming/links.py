"""Links to documents: which are taken, what they are compared by, and the path a document gets from one.

A link that carries a signature is a credential: beyond the request itself it is used without its query only.
"""

import hashlib
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from docbatch.naming.filenames import marked, percent, safe
from docbatch.naming.signed import is_signed

LONGEST = 4000
LONGEST_PATH = 1000

_ODD = re.compile('[\\x00-\\x20\\x7f"<>\\\\^`{|}\ud800-\udfff]')
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class BadLink(ValueError):
    """A link that is not taken; the message names no part of it but its host."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is this machine, without asking a name server."""
    from ipaddress import ip_address  # noqa: PLC0415 - for links only

    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def normal(text: str, *, private: bool) -> str:
    """Return a link as it is asked for: without fragment, in ASCII. `private` allows plain http on this machine.

    Raises BadLink.
    """
    if len(text) > LONGEST:
        raise BadLink(f"the link is longer than {LONGEST:,} characters", "a link that long is no name")
    if _ODD.search(text):
        raise BadLink("the link has a space, a control character or a bracket in it", "percent-encode it")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise BadLink("this is no link", "write as in https://example.com/a.pdf") from None
    if not host or parts.scheme not in ("http", "https"):
        raise BadLink("this is no link", "write as in https://example.com/a.pdf")
    if parts.username is not None or parts.password is not None:
        raise BadLink(
            "a link with a user or password in it is refused", "such a document is better kept as a file"
        )
    if not host.isascii():
        raise BadLink("the link's host is not written in ASCII", "write it as name servers do: xn--…")
    if parts.scheme == "http" and not (private and is_loopback(host)):
        raise BadLink(
            "plain http shows the document to everybody on the way",
            "use https; http is for this machine, with allow_private: true",
        )
    path, query = (quote(part, safe=_PRINTABLE) for part in (parts.path or "/", parts.query))
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, query, ""))


def shown(url: str) -> str:
    """Return a link as it may be told and compared: one that carries a signature without its query."""
    return url.partition("?")[0] if is_signed(url) else url


def digest(url: str) -> str:
    """Return what a link is told from others by."""
    return hashlib.sha256(shown(url).encode()).hexdigest()


def path_of(url: str) -> str:
    """Return a document's path: host and path of its link, safe for file systems, marked where a query belongs to it."""
    parts = urlsplit(shown(url))
    host = _name(parts.netloc.replace(":", "_"))
    segments = [segment for segment in parts.path.split("/") if segment]
    *folders, name = map(_name, [*segments, "index"] if parts.path.endswith("/") else segments)
    if len("/".join(folders).encode()) > LONGEST_PATH:
        return f"{host}/{_mark(name, url)}"
    return "/".join((host, *folders, _mark(name, url) if parts.query else name))


def set_apart(path: str, url: str) -> str:
    """Return the path of a link whose own is another's as well, or the folder of another's."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{_mark(name, url)}"


def _mark(name: str, url: str) -> str:
    return marked(name, digest(url)[:8])


def _name(segment: str) -> str:
    """Decode one part of a path; what would lead elsewhere, or is no text, stays encoded."""
    try:
        plain = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        plain = segment
    if plain in (".", "..") or plain.casefold() == ".docbatch":
        plain = percent(".") + plain[1:]
    return safe(_UNFIT.sub(lambda found: percent(found[0]), plain))
