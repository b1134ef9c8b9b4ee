"""Presigned URLs are credentials: in a vendor's answer they are cut to host and path.

Answers carry JSON inside JSON strings, so a slash or an ampersand may be escaped once or more.
"""

import re

_URL = re.compile(rb"(https?:\\*/\\*/)((?:[^\s\"'<>)\]}`\\]|\\+/|\\+u[0-9a-fA-F]{4})+)")
_SIGNATURE = re.compile(
    rb"(?:^|[?&;#]|\\u0026|\\u003[fF])(?:"
    rb"x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|x-oss-signature"
    rb"|x-cos-security-token|q-signature|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id"
    rb"|signature|sig|hmac|token|access_token|auth_token|auth|api_?key|jwt)=",
    re.IGNORECASE,
)
_AFTER_PATH = re.compile(rb"[?#]|\\+u003[fF]|\\+u0023")


def is_signed(url: str) -> bool:
    """Say whether a URL is a credential: whoever has it, signature and all, has what it leads to."""
    rest = url.partition("?")[2]
    return bool(_SIGNATURE.search(b"?" + rest.encode(errors="replace")))


def without_signatures(encoded: bytes) -> bytes:
    """Cut every presigned URL in an encoded JSON value; everything else stays byte for byte."""
    return _URL.sub(_cut, encoded) if b"http" in encoded else encoded


def _cut(url: re.Match[bytes]) -> bytes:
    address, *rest = _AFTER_PATH.split(url[2], maxsplit=1)
    host, slash, path = address.partition(b"/")
    if b"@" in host:
        host = host.rpartition(b"@")[2]
    elif not rest or not _SIGNATURE.search(b"?" + rest[0]):
        return url[0]
    return url[1] + host + slash + path
