"""What strangers say made fit to be kept and shown: without keys and presigned queries, and, to be shown, short and on one line.

Keys are found as they are spelled in JSON, in URLs, in HTML, in base64, and in wider encodings.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus

MOST_SHOWN = 400
MOST_KEPT = 2000
LOOKED_AT = 8000
CUT = "[cut]"
SHORTEST_KEY = 10
"""Characters. What is shorter than a key ever is may be a word of a document."""
LONGEST_SPELLING = 16
"""Characters that one of a key may take."""
_BACKSLASHED = '/"\\'
"""What JSON may have a backslash before."""

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
    shown = _without_secrets(text[:LOOKED_AT], secrets)
    if any(secrets) and len(text) > LOOKED_AT:
        # The look may have ended inside a secret.
        shown = shown[: -_longest_spelling(secrets)]
    shown = _USER.sub(r"\1", shown)
    shown = _QUERY.sub(rf"\1?{CUT}", shown)
    shown = _PARAMETER.sub(rf"\1={CUT}", shown)
    return _one_line(_ELEMENT.sub(rf"<\1>{CUT}", shown), most)


def _without_secrets(text: str, secrets: Sequence[str]) -> str:
    """Cut secrets out of what is shown, short ones too."""
    forms = {form for secret in secrets if secret for form in _plain_forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, CUT)
    return without_keys_in(text, secrets)


def _longest_spelling(secrets: Sequence[str]) -> int:
    longest = max(len(form) for secret in secrets if secret for form in _plain_forms(secret))
    return max(longest, min(LONGEST_SPELLING * max(map(len, secrets)), LOOKED_AT // 2))


def shape_complaint(payload: bytes, error: ValueError) -> str:
    """Say why a payload cannot be read, with the payload itself, cut and redacted."""
    shown = redact(payload[: 4 * LOOKED_AT].decode(errors="replace"), (), MOST_KEPT)
    return f"the answer has a shape that cannot be read: {error}: {shown or '(empty)'}"


def _one_line(text: str, most: int) -> str:
    """Drop what could move a terminal's cursor."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def without_keys(content: bytes, secrets: Sequence[str]) -> bytes:
    """Cut keys out of an answer, wherever it repeats them."""
    keys = tuple(sorted({each for each in secrets if len(each) >= SHORTEST_KEY}, key=len, reverse=True))
    if not keys or not content:
        return content
    encoding = json.detect_encoding(content[:4])
    if encoding.startswith("utf-8"):
        return _cut(content, keys)
    plain = content.decode(encoding, "replace").encode(errors="replace")
    found = _cut(plain, keys)
    return content if found == plain else found.decode().encode(encoding)


def without_keys_in(text: str, secrets: Sequence[str]) -> str:
    """Cut keys out of text, as `without_keys` does."""
    content = text.encode(errors="surrogatepass")
    found = _cut(content, tuple(each for each in secrets if len(each) >= SHORTEST_KEY))
    return text if found == content else found.decode(errors="surrogatepass")


def _plain_forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it is usually spelled: plain, in JSON, in a URL."""
    return secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)


def _cut(content: bytes, keys: Sequence[str]) -> bytes:
    # What has another key in it is spelled nowhere that the other is not. What is left of it without that is no secret.
    least = [each for each in keys if not any(other != each and other in each for other in keys)]
    if any(form in content for key in least for form in _forms(key)):
        for key in keys:
            for form in _forms(key):
                content = content.replace(form, CUT.encode())
    for key in least:
        marks, spelled = _spelled(key)
        if any(start in content and mark.search(content) for start, mark in marks):
            content = spelled.sub(CUT.encode(), content)
    return content


@lru_cache(64)
def _forms(key: str) -> tuple[bytes, ...]:
    forms = {form.encode() for form in _plain_forms(key)} | set(_base64(key.encode()))
    return tuple(sorted(forms, key=len, reverse=True))


def _base64(key: bytes) -> Iterator[bytes]:
    """Yield what is the same of a key's base64 whatever comes before and after it: three ways to fall, in two alphabets."""
    for before in range(3):
        letters = -(-before * 8 // 6), (before + len(key)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + key)[slice(*letters)]


@lru_cache(64)
def _spelled(key: str) -> tuple[Sequence[tuple[bytes, re.Pattern[bytes]]], re.Pattern[bytes]]:
    """Return what no other spelling is without one of, each with its start, and the key in any mixture of spellings.

    All of them begin with a character as it is, since that is found many times sooner than a pattern.
    """
    codes = b"|".join(sorted({_code(each) for each in key if each.isascii()}))
    marks = [(b"\\", rb"u00(?:%s)" % codes), (b"%", rb"(?:25){0,3}(?:%s)" % codes), (b"&", rb"(?:amp;)?#")]
    marks += [(b"\\", re.escape(each.encode())) for each in _BACKSLASHED if each in key]
    patterns = [(start, re.compile(re.escape(start) + rest)) for start, rest in marks]
    return patterns, re.compile(b"".join(map(_any_spelling, key)))


def _any_spelling(letter: str) -> bytes:
    """Return a pattern of a character: plain, in JSON, maybe within JSON, in URLs, maybe twice, and in HTML."""
    plain = re.escape(letter.encode())
    if not letter.isascii():
        return plain
    code = _code(letter)
    json_ways = rb"u00" + code + (b"|" + plain if letter in _BACKSLASHED else b"")
    html = rb"(?:amp;)?#(?:0{0,4}%d|[xX]0{0,4}%s);?" % (ord(letter), code)
    return rb"(?:%s|\\\\{0,7}(?:%s)|%%(?:25){0,3}%s|&%s)" % (plain, json_ways, code, html)


def _code(letter: str) -> bytes:
    """Return a pattern of a character's number in sixteens."""
    return "".join(
        f"[{each}{each.upper()}]" if each.isalpha() else each for each in f"{ord(letter):02x}"
    ).encode()
