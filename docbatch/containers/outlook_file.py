"""A mail as Outlook saves it: the same as any mail."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import Inside, NotOpened, OpenContainer, damaged
from docbatch.containers.mail_file import BodyNames, facts_of, in_utf8
from docbatch.containers.member_names import of_file, of_subject
from docbatch.core.models import Failure, FailureClass
from docbatch.media import charsets, compound_file, outlook, packed_rich_text
from docbatch.media.outlook import MailProperties

_FACTS = ("From", "To", "Cc", "Date", "Subject")


class OutlookFile(OpenContainer):
    def __init__(self, mail: MailProperties) -> None:
        said = outlook.head(mail)
        named = {name: said.get(name, "") for name in _FACTS}
        self.facts = facts_of({**named, "Message-ID": outlook.message_id(mail)})
        self._contents: list[tuple[str, bytes | MailProperties | Failure]] = []
        for suffix, content in _texts(mail):
            self._contents.append((BodyNames().of(suffix), content))
        for attachment in mail.inner("__attach_version1.0_"):
            self._contents.append(_attached(attachment, len(self._contents) + 1))

    def inside(self) -> Iterator[Inside]:
        for place, (name, content) in enumerate(self._contents):
            yield Inside(name, place, content if isinstance(content, Failure) else None)

    def open(self, place: int) -> BinaryIO:
        content = self._contents[place][1]
        assert isinstance(content, bytes)
        return io.BytesIO(content)

    def within(self, place: int) -> OpenContainer | None:
        content = self._contents[place][1]
        return OutlookFile(content) if isinstance(content, MailProperties) else None


def open_outlook(file: BinaryIO, bounds: ContainerBounds) -> OpenContainer:
    """Open a saved mail. Raises NotOpened."""
    size = file.seek(0, io.SEEK_END)
    if size > bounds.mail:
        reason = f"is a mail of {size:,} bytes, more than the {bounds.mail:,} that are taken"
        raise NotOpened(Failure(FailureClass.TOO_LARGE, reason))
    file.seek(0)
    try:
        return OutlookFile(MailProperties(compound_file.read(file.read()), outlook.TOP))
    except ValueError as error:
        raise NotOpened(damaged(str(error))) from error


def _texts(mail: MailProperties) -> Iterator[tuple[str, bytes | Failure]]:
    """Yield the text of a mail in the richest form it is kept in that readers take."""
    page = (mail.data(outlook.PAGE) or b"").rstrip(b"\0")
    words = mail.words(outlook.BODY)
    if page.strip():
        own = charsets.declared_in_html(page)
        yield "html", in_utf8(page, None if own else mail.charset, is_page=True)
    elif words.strip():
        yield "txt", words.encode("utf-8", "replace")
    elif packed := mail.data(outlook.RICH):
        try:
            yield "rtf", packed_rich_text.unpacked(packed)
        except ValueError as error:
            yield "rtf", damaged(str(error))


def _attached(attachment: MailProperties, number: int) -> tuple[str, bytes | MailProperties | Failure]:
    name = attachment.words(outlook.LONG_NAME) or attachment.words(outlook.SHORT_NAME)
    name = name or attachment.words(outlook.NAME)
    inner = attachment.storage.storages.get(f"__substg1.0_{outlook.CONTENT:04X}000D")
    content = attachment.data(outlook.CONTENT)
    if inner is not None and outlook.PROPERTIES in inner.streams:
        mail = MailProperties(inner, outlook.INNER)
        subject = of_subject(mail.words(outlook.SUBJECT))
        return of_file(name, f"{subject or f'mail-{number}'}.msg"), mail
    name = of_file(name, f"part-{number}")
    if inner is not None:
        return name, Failure(FailureClass.UNSUPPORTED, "is an object of a program inside of the mail")
    if content is None:
        return name, Failure(FailureClass.UNREADABLE, "the mail names it and does not hold it")
    return name, content
