"""Mails of Outlook (.msg): the same as any mail, but kept in a compound file."""

from contextlib import closing

from docbatch.core.models import Failure, FailureClass
from docbatch.media import charsets, compound_file, outlook, packed_rich_text
from docbatch.providers.local import engines
from docbatch.providers.local.attachments import AttachedFiles, Kind
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.mail import bodies
from docbatch.providers.local.mail.mail_engine import said_of
from docbatch.providers.local.text import html_engine

_OUTLOOK = "application/vnd.ms-outlook"
_RTF = "application/rtf"
_BEGINNING = 1000


class OutlookEngine:
    label = "mail"

    def warm_up(self) -> None:
        """Mails take no memory of their own."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            root = compound_file.read(data)
        except ValueError as error:
            return Failure(FailureClass.CORRUPT, str(error))
        return _message(outlook.MailProperties(root, outlook.TOP), options)

    def close(self) -> None:
        """Nothing is held."""


def _message(mail: outlook.MailProperties, options: Options) -> Parsed:
    said = bodies.Said(AttachedFiles(options))
    page = mail.data(outlook.PAGE)
    shown_plain = bodies.plain(mail.words(outlook.BODY)) if mail.words(outlook.BODY).strip() else None
    shown_page = _page(page, mail, options) if page else None
    if shown_plain is None and shown_page is None:
        shown_plain = _rich(mail, options)
    for each in bodies.choose(shown_plain, shown_page):
        said.add(each)
    for attachment in mail.inner("__attach_version1.0_"):
        _file(attachment, said.files)
    return said_of(outlook.head(mail), said)


def _page(page: bytes, mail: outlook.MailProperties, options: Options) -> bodies.Body:
    declared = charsets.declared_in_html(page) or mail.charset
    decoded = charsets.decode(page.rstrip(b"\0"), options.encoding, declared)
    parsed = html_engine.page(decoded.text)
    return bodies.Body(tuple(parsed.blocks), parsed.markdown or "", decoded.warnings, decoded.lost)


def _rich(mail: outlook.MailProperties, options: Options) -> bodies.Body | None:
    """Return the body of a mail that keeps it as RTF only."""
    packed = mail.data(outlook.RICH)
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


def _file(attachment: outlook.MailProperties, files: AttachedFiles) -> None:
    name = (
        attachment.words(outlook.LONG_NAME)
        or attachment.words(outlook.SHORT_NAME)
        or attachment.words(outlook.NAME)
    )
    said = attachment.words(outlook.TYPE).lower() or None
    inner = attachment.storage.storages.get(f"__substg1.0_{outlook.CONTENT:04X}000D")
    content = attachment.data(outlook.CONTENT)
    if inner is not None and outlook.PROPERTIES in inner.streams:
        mail = outlook.MailProperties(inner, outlook.INNER)
        files.take(name or mail.words(outlook.SUBJECT), _OUTLOOK, lambda options: _message(mail, options))
    elif inner is not None:
        files.leave(name, "an object inside the mail is not read", said)
    elif content is None:
        files.leave(name, "the mail does not hold it", said)
    else:
        is_shown = said and said.startswith("image/") and attachment.words(outlook.CONTENT_ID)
        kind: Kind = "inline" if is_shown else "file"
        files.add(name, content, said, kind)
