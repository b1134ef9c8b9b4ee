"""Mail: head, text and files, each file read as a document of its own."""

import re

from docbatch.core.models import Failure, FailureClass
from docbatch.media import charset_guess, charsets
from docbatch.media.mime import Part, parse
from docbatch.providers.local import blocks
from docbatch.providers.local.attachments import AttachedFiles
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.mail import bodies
from docbatch.providers.local.text.html_inline import escaped

_HEAD = (
    ("Subject", "subject"),
    ("From", "from"),
    ("To", "to"),
    ("Cc", "cc"),
    ("Bcc", "bcc"),
    ("Reply-To", "reply-to"),
    ("Date", "date"),
)
_NEXT_MAIL = re.compile(rb"(?:\A|\n\r?\n)From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[!-9;-~]+:)")
_QUOTED_FROM = re.compile(rb"^>(?=>*From )", re.MULTILINE)
_MAIL = "message/rfc822"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class MailEngine:
    label = "mail"

    def warm_up(self) -> None:
        """Mails take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        data = _narrow(data)
        starts = [found.start() for found in _NEXT_MAIL.finditer(data)] if data.startswith(b"From ") else []
        if len(starts) > 1:
            return _mailbox(data, starts, options)
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        mail = parse(data)
        return _mail(mail, options) if mail.fields else Failure(FailureClass.CORRUPT, "the mail has no head")

    def close(self) -> None:
        """Nothing is held."""


def _narrow(data: bytes) -> bytes:
    """Return a mail that was saved as wide characters, or with a byte order mark, as bytes of UTF-8."""
    if data.startswith(_MARKS) or charset_guess.unmarked_unicode(data):
        return charsets.decode(data).text.encode("utf-8", "replace")
    return data.lstrip(b"\r\n")


def _mail(mail: Part, options: Options) -> Parsed:
    head = {label: shown for label, name in _HEAD if (shown := mail.shown(name))}
    said = bodies.Said(AttachedFiles(options))
    bodies.read(mail, options, said)
    return said_of(head, said)


def said_of(head: dict[str, str], said: bodies.Said) -> Parsed:
    """Return a mail with its head above its text and its files below."""
    files = said.files
    shown = (
        [blocks.paragraph("\n".join(f"{label}: {value}" for label, value in head.items()))] if head else []
    )
    marked = "  \n".join(f"**{label}:** {escaped(value)}" for label, value in head.items())
    own: list[Json] = [*shown, *said.blocks]
    return Parsed(
        markdown=bodies.joined([marked, *said.markdown, files.markdown()]),
        text=bodies.joined([blocks.text(own), files.text()]),
        blocks=[*own, *files.blocks()],
        tables=[block for block in own if block["kind"] == "table"],
        attachments=files.attachments,
        metadata={label.lower().replace("-", "_"): value for label, value in head.items()},
        warnings=[*said.warnings, *files.warnings],
        lost=[*said.lost, *files.lost],
    )


def _mailbox(data: bytes, starts: list[int], options: Options) -> Parsed:
    """Return a mailbox: each of its mails is read as a file inside it."""
    said = bodies.Said(AttachedFiles(options))
    said.add(bodies.plain(f"Mailbox with {len(starts)} mails"))
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        mail = data[start:end].lstrip(b"\r\n").partition(b"\n")[2]
        mail = _QUOTED_FROM.sub(b"", mail)
        said.files.add(Part.of_mail(mail).shown("subject") or None, mail, _MAIL)
    return said_of({}, said)
