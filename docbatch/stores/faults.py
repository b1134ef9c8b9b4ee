"""What a store did not do, and why, in words that hold no secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class StoreFault(Exception):
    """A store did not do what it was asked for. The message names the store and says why; the caller knows the object."""


class ObjectMissing(StoreFault):
    """There is no such object."""


class BucketMissing(StoreFault):
    """There is no such bucket or container."""


class WrongPlace(BucketMissing):
    """The bucket is not there where it is asked for: another region, or no store at all."""


class ObjectChanged(StoreFault):
    """The object is another than the one that was meant, or one stands where none was meant to be."""


class StoreRefused(StoreFault):
    """Credentials are missing or refused, or do not allow it."""


class BadKey(StoreFault):
    """A key that no object can be asked for by."""


class StoreUnreachable(StoreFault):
    """The store could not be reached, or answered with an error that passes."""


class NotOffered(StoreFault):
    """The store does not do what it was asked for, such as to write under a condition, and will not the next time."""


_FIRST_LINE = re.compile(r"[^\n]*")
_QUERY = re.compile(r"(https?://[^\s?]*)\?\S*")
_CODE = re.compile(
    r"<Code>([A-Za-z]{1,60})</Code>|DeleteObjects request failed for [^\n]*\(code: ([A-Za-z]{1,60})\)(?:\n|$)"
)
"""As stores word it, or as obstore does of an object that was among those to be removed together."""
_STATUS = re.compile(r"status code: (\d{3}(?: [A-Za-z ]{1,40})?)")
_ASKED = re.compile(r"Error performing [A-Z]+ (\S+) in ([\d.]+)([nµm]?s)(?:, after (\d+) retries)?")
_REDIRECTED = "Received redirect without LOCATION"
_CAUSES = {
    "ConnectionRefused": "nothing accepts a connection there",
    "dns error": "the name of the host is not known",
    "TimedOut": "no answer came in time",
    "Certificate": "its certificate is not trusted",
    "IncompleteMessage": "the connection broke",
    "ConnectionReset": "the connection broke",
    "BrokenPipe": "the connection broke",
    "Parse(": "what answers there is no store",
    "kind: Connect": "no connection could be made",
}
"""What obstore tells of a request without an answer, in words; the first that is found counts."""
_UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
_LONGEST = 300
_URL = re.compile(r"https?://\S*")
_NO_LIST = "Got invalid list response"
_ASKED_FOR_CREDENTIALS = re.compile(r"//169\.254\.|//metadata\.google\.internal|token request")
"""Where obstore looks for credentials when it has found none on this machine."""
_ABOUT_CREDENTIALS = re.compile(r"credential|pem file", re.IGNORECASE)
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_NO_STORE = frozenset({"301", "302", "307", "308", "404", "405"})
"""What answers so to a request for a bucket is another region of the vendor's, or no store."""
_REFUSED = frozenset(
    {
        *(
            "AccessDenied",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "RequestTimeTooSkewed",
            "ExpiredToken",
        ),
        *("InvalidToken", "AuthenticationFailed", "AuthorizationFailure", "AuthorizationPermissionMismatch"),
    }
)


_NOT_OFFERED = ("NotImplemented", "501")
"""As stores word it, as a code or as a status."""


@contextmanager
def faults(store: str) -> Iterator[None]:
    """Turn what obstore raises into a StoreFault of the store named."""
    from obstore import exceptions as known  # noqa: PLC0415 - loaded where a store is used

    try:
        yield
    except (known.NotFoundError, FileNotFoundError) as error:
        raise _not_there(store, error, ObjectMissing) from None
    except (known.PreconditionError, known.AlreadyExistsError, known.NotModifiedError) as error:
        raise _not_there(store, error, ObjectChanged) from None
    except (known.PermissionDeniedError, known.UnauthenticatedError) as error:
        raise StoreRefused(_told(store, error)) from None
    except known.InvalidPathError as error:
        raise BadKey(_told(store, error)) from None
    except (known.BaseError, OSError, ValueError) as error:
        raise _by_status(store, error) from None


def _not_there(store: str, error: Exception, otherwise: type[StoreFault]) -> StoreFault:
    """Tell a bucket that is missing from anything else that obstore gives the same name."""
    kind = BucketMissing if _code(str(error)) in _NO_BUCKET else otherwise
    return kind(_told(store, error))


def _by_status(store: str, error: Exception) -> StoreFault:
    """Sort what obstore calls by no name of its own: refused signatures and clocks come as plain 4xx."""
    text = str(error)
    head = _head(text)
    if _NO_LIST in head:
        return _unlisted(store, head)
    if head.startswith("Could not parse path"):
        return BadKey(_told(store, error))
    if _ASKED_FOR_CREDENTIALS.search(head):
        return StoreRefused(f"store '{store}': there are no credentials for it on this machine")
    return _kind(text)(_told(store, error))


def _kind(text: str) -> type[StoreFault]:
    name, status = _code(text), _STATUS.search(text)
    said = _URL.sub("", _head(text))
    if name in _NO_BUCKET:
        return BucketMissing
    if name in _NOT_OFFERED or (status is not None and status[1][:3] in _NOT_OFFERED):
        return NotOffered
    if name in _REFUSED or _ABOUT_CREDENTIALS.search(said):
        return StoreRefused
    if name in _ELSEWHERE or "redirect" in said or (status is not None and status[1][:3] in _NO_STORE):
        return WrongPlace
    return StoreUnreachable


def _unlisted(store: str, head: str) -> StoreFault:
    """Tell a key that no text can have from an answer that is no list; what it says instead is not repeated."""
    if "UTF-8" in head:
        return BadKey(f"store '{store}': lists what is not UTF-8, such as a key")
    return WrongPlace(f"store '{store}': what answers there gives no list of objects")


def _told(store: str, error: Exception) -> str:
    """Name the store's own code and status where there are; else who did not answer, and why. Of URLs no more than the host is told."""
    text = str(error)
    status, asked = _STATUS.search(text), _ASKED.search(text)
    said = [each for each in (_code(text), status[1].strip() if status else "") if each]
    if not said and asked is not None:
        host = urlsplit(asked[1]).netloc.rpartition("@")[2]
        said = [f"{host}: {_cause(text)}"]
    if not said:
        said = [_QUERY.sub(r"\1", _head(text))[:_LONGEST]]
    gone = "its bucket is not there: " if _code(text) in _NO_BUCKET else ""
    return f"store '{store}': {gone}{', '.join(said)}{'' if asked is None else _how_often(asked)}"


def _code(text: str) -> str:
    found = _CODE.search(text)
    return "" if found is None else found[1] or found[2]


def _cause(text: str) -> str:
    if _REDIRECTED in _head(text):
        return "answers with a redirect to nowhere, which is the wrong region as a rule"
    # What comes before repeats the URL, in which a key may say anything.
    told = text.partition("inner:")[2]
    return next((words for name, words in _CAUSES.items() if name in told), "the request failed")


def _how_often(asked: re.Match[str]) -> str:
    """Say how often a request was made, where that was more than once."""
    more = int(asked[4] or 0)
    seconds = float(asked[2]) * _UNITS[asked[3]]
    return f" (asked {more + 1} times within {max(1, round(seconds))} s)" if more else ""


def _head(text: str) -> str:
    """Return the first line up to what the store itself said, which may repeat what it was sent."""
    first = _FIRST_LINE.match(text)
    return (first[0] if first else "").partition(" - Server returned")[0]
