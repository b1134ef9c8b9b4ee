"""Presigned URLs are credentials: in a vendor's answer they are cut to host and path.

A document has links of its own, with words such as `token` in them, and they are part of what was paid for. So a vendor's
link fields are cut by the provider that knows them, and everywhere else only what a storage host takes for a signature.
Where a picture is shown at such a URL its scheme is cut as well: nothing is shown there any more, and whoever reads it can tell.
Answers carry JSON inside JSON strings, so a slash or an ampersand may be escaped once or more.
"""

import re

_URL = re.compile(rb"(https?:\\*/\\*/)((?:[^\s\"'<>()\]}`\\]|\([^\s\"'<>()\\]*\)|\\+/|\\+u[0-9a-fA-F]{4})+)")
_AFTER_PATH = re.compile(rb"[?#]|\\+u003[fF]|\\+u0023")
_BEFORE = rb"(?:^|[?&;#]|\\+u0026|\\+u003[fF]|%26|%3[fF])"
_EQUALS = rb"(?:=|\\+u003[dD]|%3[dD])"
_CREDENTIAL = re.compile(
    rb"(?:^|[?&;#]|\\u0026|\\u003[fF])(?:"
    rb"x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|x-oss-signature"
    rb"|x-cos-security-token|q-signature|awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id"
    rb"|signature|sig|hmac|token|access_token|auth_token|auth|api_?key|jwt)=",
    re.IGNORECASE,
)

_MOST_BEFORE = 2000
_NEAR = 24
"""Bytes in which a URL is led in, and those in which what is led in begins."""
_IN_MARKDOWN = re.compile(rb"\]\([ \t]{0,9}<?\Z")
_IN_TAG = re.compile(rb"\bsrc\s{0,4}=\s{0,4}(?:\\*[\"'])?\Z", re.IGNORECASE)


def _parameter(names: bytes) -> re.Pattern[bytes]:
    return re.compile(_BEFORE + rb"(?:" + names + rb")" + _EQUALS, re.IGNORECASE)


_SIGNS = _parameter(
    rb"x-(?:amz|goog|oss)-(?:signature|credential|security-token)|x-cos-security-token|q-signature"
)
"""Parameters that a storage host alone reads, whatever name it goes by."""
_SIGNATURE = _parameter(rb"signature|sig")
_SIGNER = _parameter(rb"awsaccesskeyid|googleaccessid|ossaccesskeyid|key-pair-id")
_STORAGE = re.compile(
    rb"(?:^|[.@])(?:amazonaws\.com(?:\.cn)?|cloudfront\.net|storage\.googleapis\.com|storage\.cloud\.google\.com"
    rb"|(?:blob|dfs|file)\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|r2\.cloudflarestorage\.com"
    rb"|aliyuncs\.com|myqcloud\.com|digitaloceanspaces\.com|backblazeb2\.com|wasabisys\.com)(?::\d+)?$",
    re.IGNORECASE,
)


def is_storage_host(host: str) -> bool:
    """Say whether a host is one of those at which clouds keep objects."""
    return bool(_STORAGE.search(host.encode(errors="replace")))


def is_signed(url: str) -> bool:
    """Say whether a user's link to a document is a credential: whoever has it, signature and all, has the document."""
    rest = url.partition("?")[2]
    return bool(_CREDENTIAL.search(b"?" + rest.encode(errors="replace")))


def without_query(url: str) -> str:
    """Return what a vendor's own link field may keep of a link: its host and path."""
    return re.split(r"[?#]", url, maxsplit=1)[0]


def without_signatures(encoded: bytes) -> bytes:
    """Cut every URL in an encoded JSON value that is signed for a storage host; everything else stays byte for byte."""
    return _URL.sub(_cut, encoded) if b"http" in encoded else encoded


def _cut(url: re.Match[bytes]) -> bytes:
    address, *rest = _AFTER_PATH.split(url[2], maxsplit=1)
    if not rest:
        return url[0]
    host, slash, path = address.partition(b"/")
    if not _is_presigned(host.rstrip(b"\\"), b"?" + rest[0]):
        return url[0]
    # Without its signature it shows nothing, and would look like a picture on the web.
    scheme = b"" if _is_of_a_picture(url) else url[1]
    return scheme + host.rpartition(b"@")[2] + slash + path


def _is_of_a_picture(url: re.Match[bytes]) -> bool:
    """Say whether Markdown or a tag shows a picture at a URL."""
    before = url.string[max(0, url.start() - _MOST_BEFORE) : url.start()]
    if _IN_MARKDOWN.search(before[-_NEAR:]):
        words = before[before.rfind(b"![") + 2 : before.rfind(b"](")]
        return b"![" in before and b"]" not in words
    return bool(_IN_TAG.search(before[-_NEAR:])) and before.lower().rfind(b"<img") > before.rfind(b">")


def _is_presigned(host: bytes, query: bytes) -> bool:
    if _SIGNS.search(query):
        return True
    return bool(_SIGNATURE.search(query) and (_STORAGE.search(host) or _SIGNER.search(query)))
