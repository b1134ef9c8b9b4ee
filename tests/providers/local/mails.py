"""Mails, written as they are met."""

from collections.abc import Iterable

HEAD = "From: Anna <a@example.org>\r\nTo: b@example.org\r\nSubject: Case\r\nMIME-Version: 1.0\r\n"


def mail(kind: str, body: str | bytes, more: str = "") -> bytes:
    """Return a mail of one part; `kind` is its content type with what belongs to it."""
    content = body.encode() if isinstance(body, str) else body
    return f"{HEAD}Content-Type: {kind}\r\n{more}\r\n".encode() + content


def part(kind: str, body: str | bytes, more: str = "") -> bytes:
    content = body.encode() if isinstance(body, str) else body
    return f"Content-Type: {kind}\r\n{more}\r\n".encode() + content


def parts(kind: str, inner: Iterable[bytes], boundary: str = "xyz", end: str = "--") -> bytes:
    """Return several parts as one, without a head but for its type."""
    lines = b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in inner)
    return (
        f'Content-Type: {kind}; boundary="{boundary}"\r\n\r\n'.encode()
        + lines
        + f"--{boundary}{end}\r\n".encode()
    )


def multipart(kind: str, *inner: bytes, end: str = "--") -> bytes:
    return HEAD.encode() + parts(kind, inner, end=end)
