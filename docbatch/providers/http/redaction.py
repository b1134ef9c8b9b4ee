"""Text of strangers made fit to be shown: without keys, without presigned queries, short, on one line."""

import json
import re
from collections.abc import Sequence
from urllib.parse import quote, quote_plus

MOST_SHOWN = 400
MOST_KEPT = 2000
LOOKED_AT = 8000
CUT = "[cut]"
SHORTEST_KEY = 10

_USER = re.compile(r"(https?:(?:\\*/){2})[^\s/?#\"'<>\\]*@")
_QUERY = re.compile(r"(https?:(?:\\*/){2}[^\s?#\"'<>]*?)(?:[?#]|\\+u003[fF]|\\+u0023)[^\s\"'<>]*")
_PARAMETER = re.compile(
    r"\b(x-(?:amz|goog|oss|cos)-[a-z-]+|signature|sig|awsaccesskeyid|googleaccessid|key-pair-id|policy"
    r"|(?:access_)?token|api_?key)=[^\s&\"'<>]+",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"<(SignatureProvided|AWSAccessKeyId|StringToSign(?:Bytes)?|CanonicalRequest(?:Bytes)?|Token-\d)>[^<]*",
    re.IGNORECASE,
)


def redact(text: str, secrets: Sequence[str], most: int = MOST_SHOWN) -> str:
    """Take keys and presigned queries out, put the rest on one line, and cut it to `most` characters."""
    forms = sorted({form for secret in secrets if secret for form in _forms(secret)}, key=len, reverse=True)
    shown = text[:LOOKED_AT]
    for form in forms:
        shown = shown.replace(form, CUT)
    if forms and len(text) > LOOKED_AT:
        # The look may have ended inside a secret.
        shown = shown[: -len(forms[0])]
    shown = _USER.sub(r"\1", shown)
    shown = _QUERY.sub(rf"\1?{CUT}", shown)
    shown = _PARAMETER.sub(rf"\1={CUT}", shown)
    return _one_line(_ELEMENT.sub(rf"<\1>{CUT}", shown), most)


def without_keys(content: bytes, secrets: Sequence[str]) -> bytes:
    """Cut keys out of an answer, wherever it repeats them. What is shorter than a key ever is may be a word of a document."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_KEY for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        content = content.replace(form.encode(), CUT.encode())
    return content


def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it may stand in an answer: plain, in JSON, in a URL."""
    return secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)


def shape_complaint(payload: bytes, error: ValueError) -> str:
    """Say why a payload cannot be read, with the payload itself, cut and redacted."""
    shown = redact(payload[: 4 * LOOKED_AT].decode(errors="replace"), (), MOST_KEPT)
    return f"the answer has a shape that cannot be read: {error}: {shown or '(empty)'}"


def _one_line(text: str, most: int) -> str:
    """Drop what could move a terminal's cursor."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"
