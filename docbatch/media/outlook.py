"""Mails of Outlook, which keeps them in a compound file: what is said of a mail, a recipient or a file, by numbers."""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from docbatch.media import charsets
from docbatch.media.compound_file import Storage
from docbatch.media.mime import Part

PROPERTIES = "__properties_version1.0"
TOP, INNER, _PART = 32, 24, 8
_PROPERTY = 16
_RECIPIENTS = {1: "To", 2: "Cc", 3: "Bcc"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
SUBJECT, _SENDER, _SENDER_ADDRESS, _SENDER_MAIL = 0x0037, 0x0C1A, 0x0C1F, 0x5D01
BODY, PAGE, RICH, _HEAD = 0x1000, 0x1013, 0x1009, 0x007D
_SENT, _DELIVERED, _KIND = 0x0039, 0x0E06, 0x0C15
_CODEPAGES = (0x3FDE, 0x3FFD)
NAME, _ADDRESS, _MAIL = 0x3001, 0x3003, 0x39FE
_SHOWN = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
LONG_NAME, SHORT_NAME, TYPE, CONTENT, CONTENT_ID = 0x3707, 0x3704, 0x370E, 0x3701, 0x3712
_REPLY_TO, _MESSAGE_ID = 0x0050, 0x1035


class MailProperties:
    """The properties of a mail, a recipient or an attachment, by their numbers."""

    def __init__(self, storage: Storage, head: int, charset: str | None = None) -> None:
        self.storage = storage
        self._numbers = _numbers(storage.streams.get(PROPERTIES, b"")[head:])
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

    def inner(self, prefix: str) -> list["MailProperties"]:
        return [
            MailProperties(each, _PART, self.charset)
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


def message_id(mail: MailProperties) -> str:
    return mail.words(_MESSAGE_ID) or Part.of_mail(mail.words(_HEAD).encode("utf-8", "replace")).shown(
        "message-id"
    )


def head(mail: MailProperties) -> dict[str, str]:
    """Return what a person sees above a mail, by the names of its fields."""
    sent = Part.of_mail(mail.words(_HEAD).encode("utf-8", "replace"))
    shown = {
        "Subject": mail.words(SUBJECT),
        "From": _person(mail.words(_SENDER), mail.words(_SENDER_MAIL) or mail.words(_SENDER_ADDRESS))
        or sent.shown("from"),
        **{kind: sent.shown(kind.lower()) or mail.words(key) for kind, key in _SHOWN.items()},
        **_recipients(mail),
        "Reply-To": sent.shown("reply-to") or mail.words(_REPLY_TO),
        "Date": sent.shown("date") or _date(mail),
    }
    return {label: " ".join(value.split()) for label, value in shown.items() if value.strip()}


def _recipients(mail: MailProperties) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in mail.inner("__recip_version1.0_"):
        kind = _RECIPIENTS.get((each.number(_KIND) or 1) & 0xF, "To")
        address = each.words(_MAIL) or each.words(_ADDRESS)
        found.setdefault(kind, []).append(_person(each.words(NAME), address))
    return {kind: ", ".join(filter(None, people)) for kind, people in found.items()}


def _person(name: str, address: str) -> str:
    # Inside an organisation an address may be a path that nobody reads.
    if "@" not in address:
        return name or address
    return f"{name} <{address}>" if name and name != address else address


def _date(mail: MailProperties) -> str:
    ticks = mail.number(_SENT) or mail.number(_DELIVERED)
    try:
        return f"{_EPOCH + timedelta(microseconds=ticks // 10):%Y-%m-%d %H:%M:%S} UTC" if ticks else ""
    except OverflowError:
        return ""
