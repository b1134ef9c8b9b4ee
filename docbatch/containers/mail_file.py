"""A mail: its text and what is attached to it. What it says of itself holds for both."""

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from mimetypes import guess_extension
from typing import BinaryIO

from docbatch.containers.inside import FACTS, Inside, NotOpened, OpenContainer, damaged
from docbatch.containers.member_names import of_file, of_subject
from docbatch.core.models import Failure, FailureClass
from docbatch.media import charsets, mime
from docbatch.media.mime import Part

_LONGEST_FACT = 10_000
_BODIES = {"text/plain": "txt", "text/html": "html"}
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_MAIL = "message/rfc822"
_GUESSED = "guessed"
_UTF8_MARK = b"\xef\xbb\xbf"
_ENCRYPTED = Failure(FailureClass.ENCRYPTED, "the mail is encrypted: its text and files cannot be had")


class MailFile(OpenContainer):
    def __init__(self, data: bytes) -> None:
        mail = mime.parse(data)
        if not mail.fields:
            raise NotOpened(damaged("the mail has no head"))
        self.facts = facts_of({name: mail.shown(name.replace("_", "-")) for name in FACTS})
        self._contents: list[tuple[str, Part | bytes]] = []
        bodies = BodyNames()
        for part in _leaves(mail):
            if part.media_type == "multipart/encrypted":
                self.fault = _ENCRYPTED
            elif _is_body(part):
                content = _text(part)
                if content.strip():
                    self._contents.append((bodies.of(_BODIES[part.media_type]), content))
            elif part.media_type not in _SIGNATURES:
                self._contents.append((_name(part, len(self._contents) + 1), part))
        faults = [fault for part in mime.walk(mail) for fault in part.faults if _GUESSED not in fault]
        if faults and self.fault is None:
            self.fault = damaged(f"some of the mail may be missing: {faults[0]}", "cut_off")

    def inside(self) -> Iterator[Inside]:
        for place, (name, _) in enumerate(self._contents):
            yield Inside(name, place)

    def open(self, place: int) -> BinaryIO:
        content = self._contents[place][1]
        return io.BytesIO(content if isinstance(content, bytes) else content.content())


class BodyNames:
    """Names for the texts of a mail: most have one."""

    def __init__(self) -> None:
        self._number = 0

    def of(self, suffix: str) -> str:
        self._number += 1
        number = f"-{self._number}" if self._number > 1 else ""
        return f"body{number}.{suffix}"


def facts_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is known of a mail by its fields, given decoded; the date is ISO 8601 where it is one."""
    facts = {name.lower().replace("-", "_"): _cut(value) for name, value in fields.items() if value.strip()}
    if "date" in facts:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            facts["date"] = parsedate_to_datetime(facts["date"]).isoformat()
    return facts


def in_utf8(content: bytes, declared: str | None, *, is_page: bool) -> bytes:
    """Return text as UTF-8: what it is written in is said beside it in a mail, where no reader of its own sees it."""
    if declared is None:
        return content
    decoded = charsets.decode(content, None, declared)
    if decoded.lost:
        return content
    text = decoded.text.encode("utf-8", "replace")
    # The mark says more than what the page may say in its head.
    return content if text == content else (_UTF8_MARK if is_page else b"") + text


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST_FACT else value[: _LONGEST_FACT - 1] + "…"


def _leaves(part: Part, *, plain: bool = True) -> Iterator[Part]:
    """Yield the parts that hold something; of a text that is there as a page, too, the page."""
    if not part.parts:
        if not part.media_type.startswith("multipart/") and (plain or not _is_plain(part)):
            yield part
        return
    if part.media_type == "multipart/encrypted":
        yield part
        return
    if part.media_type == "multipart/alternative":
        plain = plain and not any(map(_is_page, mime.walk(part)))
    for inner in part.parts:
        yield from _leaves(inner, plain=plain)


def _is_body(part: Part) -> bool:
    return part.media_type in _BODIES and part.disposition != "attachment" and part.name is None


def _is_plain(part: Part) -> bool:
    return part.media_type == "text/plain" and _is_body(part)


def _is_page(part: Part) -> bool:
    return part.media_type == "text/html" and _is_body(part) and bool(part.content().strip())


def _text(part: Part) -> bytes:
    return in_utf8(part.content(), part.charset, is_page=part.media_type == "text/html")


def _name(part: Part, number: int) -> str:
    if part.media_type == _MAIL:
        subject = of_subject(Part.of_mail(part.content()).shown("subject"))
        return of_file(part.name, f"{subject or f'mail-{number}'}.eml")
    return of_file(part.name, f"part-{number}{guess_extension(part.media_type) or ''}")
