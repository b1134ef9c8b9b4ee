"""Mail: head, text and files, each file read as a document of its own."""

from docbatch.core.models import Failure, FailureClass
from docbatch.media import mailbox
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
_MAIL = "message/rfc822"


class MailEngine:
    label = "mail"

    def warm_up(self) -> None:
        """Mails take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        data = mailbox.narrow(data)
        starts = mailbox.starts(data)
        if len(starts) > 1:
            return _mailbox(data, starts, options)
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        mail = parse(data)
        return _mail(mail, options) if mail.fields else Failure(FailureClass.CORRUPT, "the mail has no head")

    def close(self) -> None:
        """Nothing is held."""


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
        mail = mailbox.mail(data, start, end)
        said.files.add(Part.of_mail(mail).shown("subject") or None, mail, _MAIL)
    return said_of({}, said)
