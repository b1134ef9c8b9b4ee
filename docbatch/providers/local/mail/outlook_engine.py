"""Mails of Outlook (.msg): the same as any mail, but kept in a compound file."""

import struct
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta

from docbatch.core.models import Failure, FailureClass
from docbatch.media import compound_file
from docbatch.media.compound_file import Storage
from docbatch.providers.local import engines
from docbatch.providers.local.attachments import AttachedFiles, Kind
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.mail import bodies, packed_rich_text
from docbatch.providers.local.mail.mail_engine import said_of
from docbatch.providers.local.mail.mime import Part
from docbatch.providers.local.text import charsets, html_engine

_OUTLOOK = "application/vnd.ms-outlook"
_RTF = "application/rtf"
_BEGINNING = 1000
_PROPERTIES = "__properties_version1.0"
_TOP, _INNER, _PART = 32, 24, 8
_PROPERTY = 16
_RECIPIENTS = {1: "To", 2: "Cc", 3: "Bcc"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SUBJECT, _SENDER, _SENDER_ADDRESS, _SENDER_MAIL = 0x0037, 0x0C1A, 0x0C1F, 0x5D01
_BODY, _PAGE, _RICH, _HEAD = 0x1000, 0x1013, 0x1009, 0x007D
_SENT, _DELIVERED, _KIND = 0x0039, 0x0E06, 0x0C15
_CODEPAGES = (0x3FDE, 0x3FFD)
_NAME, _ADDRESS, _MAIL = 0x3001, 0x3003, 0x39FE
_SHOWN = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
_LONG_NAME, _SHORT_NAME, _TYPE, _CONTENT, _CONTENT_ID = 0x3707, 0x3704, 0x370E, 0x3701, 0x3712
_REPLY_TO = 0x0050


class OutlookEngine:
    label = "mail"

    def warm_up(self) -> None:
        """Mails take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            root = compound_file.read(data)
        except ValueError as error:
            return Failure(FailureClass.CORRUPT, str(error))
        return _message(_Properties(root, _TOP), options)

    def close(self) -> None:
        """Nothing is held."""


class _Properties:
    """The properties of a mail, a recipient or an attachment, by their numbers."""

    def __init__(self, storage: Storage, head: int, charset: str | None = None) -> None:
        self.storage = storage
        self._numbers = _numbers(storage.streams.get(_PROPERTIES, b"")[head:])
        self.charset = charset or _charset(self._numbers)

    def number(self, key: int) -> int | None:
        return self._numbers.get(key)

    def data(self, key: int) -> bytes | None:
        return self.storage.streams.get(f"__substg1.0_{key:04X}0102")

    def words(self, key: int) -> str:
        wide = self.storage.streams.get(f"__substg1.0_{key:04X}001F")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self.storage.streams.get(f"__substg1.0_{key:04X}001E", b"")
        return charsets.decode(narrow, None, self.charset).text.rstrip("\0")

    def inner(self, prefix: str) -> list["_Properties"]:
        return [
            _Properties(each, _PART, self.charset)
            for name, each in sorted(self.storage.storages.items())
            if name.startswith(prefix)
        ]


def _numbers(content: bytes) -> Mapping[int, int]:
    usable = content[: len(content) // _PROPERTY * _PROPERTY]
    return {key: value for _, key, _, value in struct.iter_unpack("<HHIQ", usable)}


def _charset(numbers: Mapping[int, int]) -> str | None:
    pages = (numbers.get(key, 0) & 0xFFFF for key in _CODEPAGES)
    page = next((page for page in pages if page), 0)
    return _NAMED_PAGES.get(page, f"cp{page}") if page else None


_NAMED_PAGES = {
    20127: "us-ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    50220: "iso-2022-jp",
    51932: "euc-jp",
    51949: "euc-kr",
    54936: "gb18030",
    65001: "utf-8",
    **{28590 + part: f"iso-8859-{part}" for part in range(1, 16)},
}


def _message(mail: _Properties, options: Options) -> Parsed:
    said = bodies.Said(AttachedFiles(options))
    page = mail.data(_PAGE)
    shown_plain = bodies.plain(mail.words(_BODY)) if mail.words(_BODY).strip() else None
    shown_page = _page(page, mail, options) if page else None
    if shown_plain is None and shown_page is None:
        shown_plain = _rich(mail, options)
    for each in bodies.choose(shown_plain, shown_page):
        said.add(each)
    for attachment in mail.inner("__attach_version1.0_"):
        _file(attachment, said.files)
    return said_of(_head(mail), said)


def _page(page: bytes, mail: _Properties, options: Options) -> bodies.Body:
    declared = charsets.declared_in_html(page) or mail.charset
    decoded = charsets.decode(page.rstrip(b"\0"), options.encoding, declared)
    parsed = html_engine.page(decoded.text)
    return bodies.Body(tuple(parsed.blocks), parsed.markdown or "", decoded.warnings, decoded.lost)


def _rich(mail: _Properties, options: Options) -> bodies.Body | None:
    """Return the body of a mail that keeps it as RTF only."""
    packed = mail.data(_RICH)
    if not packed:
        return None
    try:
        content = packed_rich_text.unpacked(packed)
    except ValueError as error:
        return bodies.Body((), "", lost=(f"text: {error}",))
    outcome = _first_reading(content, options)
    if isinstance(outcome, Failure):
        return bodies.Body((), "", lost=(f"text: {outcome.message}",))
    lost = tuple(f"text: {each}" for each in outcome.lost)
    # A mail that was written as plain text has the quotes and lists of one.
    if not outcome.blocks or b"\\fromtext" in content[:_BEGINNING]:
        return bodies.plain(outcome.text or "", None, tuple(outcome.warnings), lost)
    return bodies.Body(tuple(outcome.blocks), outcome.markdown or "", tuple(outcome.warnings), lost)


def _first_reading(content: bytes, options: Options) -> Parsed | Failure:
    outcome: Parsed | Failure = Failure(FailureClass.UNSUPPORTED, "rich text is not read")
    for name in engines.route(_RTF, options):
        with closing(engines.load(name)) as engine:
            outcome = engine.extract(content, _RTF, options)
        if isinstance(outcome, Parsed):
            break
    return outcome


def _head(mail: _Properties) -> dict[str, str]:
    sent = Part.of_mail(mail.words(_HEAD).encode("utf-8", "replace"))
    shown = {
        "Subject": mail.words(_SUBJECT),
        "From": _person(mail.words(_SENDER), mail.words(_SENDER_MAIL) or mail.words(_SENDER_ADDRESS))
        or sent.shown("from"),
        **{kind: sent.shown(kind.lower()) or mail.words(key) for kind, key in _SHOWN.items()},
        **_recipients(mail),
        "Reply-To": sent.shown("reply-to") or mail.words(_REPLY_TO),
        "Date": sent.shown("date") or _date(mail),
    }
    return {label: " ".join(value.split()) for label, value in shown.items() if value.strip()}


def _recipients(mail: _Properties) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in mail.inner("__recip_version1.0_"):
        kind = _RECIPIENTS.get((each.number(_KIND) or 1) & 0xF, "To")
        address = each.words(_MAIL) or each.words(_ADDRESS)
        found.setdefault(kind, []).append(_person(each.words(_NAME), address))
    return {kind: ", ".join(filter(None, people)) for kind, people in found.items()}


def _person(name: str, address: str) -> str:
    # Inside an organisation an address may be a path that nobody reads.
    if "@" not in address:
        return name or address
    return f"{name} <{address}>" if name and name != address else address


def _date(mail: _Properties) -> str:
    ticks = mail.number(_SENT) or mail.number(_DELIVERED)
    try:
        return f"{_EPOCH + timedelta(microseconds=ticks // 10):%Y-%m-%d %H:%M:%S} UTC" if ticks else ""
    except OverflowError:
        return ""


def _file(attachment: _Properties, files: AttachedFiles) -> None:
    name = attachment.words(_LONG_NAME) or attachment.words(_SHORT_NAME) or attachment.words(_NAME)
    said = attachment.words(_TYPE).lower() or None
    inner = attachment.storage.storages.get(f"__substg1.0_{_CONTENT:04X}000D")
    content = attachment.data(_CONTENT)
    if inner is not None and _PROPERTIES in inner.streams:
        mail = _Properties(inner, _INNER)
        files.take(name or mail.words(_SUBJECT), _OUTLOOK, lambda options: _message(mail, options))
    elif inner is not None:
        files.leave(name, "an object inside the mail is not read", said)
    elif content is None:
        files.leave(name, "the mail does not hold it", said)
    else:
        is_shown = said and said.startswith("image/") and attachment.words(_CONTENT_ID)
        kind: Kind = "inline" if is_shown else "file"
        files.add(name, content, said, kind)
