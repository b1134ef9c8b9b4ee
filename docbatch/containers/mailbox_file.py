"""A mailbox: its mails by number and subject. A file of one mail is that mail."""

import io
import mmap
from collections.abc import Iterator
from typing import BinaryIO

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import Inside, NotOpened, OpenContainer, damaged
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.mail_file import MailFile
from docbatch.containers.member_names import of_subject
from docbatch.core.models import Failure, FailureClass
from docbatch.media import mailbox
from docbatch.media.mime import Part

_BEGINNING = 5
_FEWEST_DIGITS = 4
_HEAD = 1 << 16


class MailboxFile(OpenContainer):
    def __init__(self, data: bytes | mmap.mmap, bounds: ContainerBounds) -> None:
        self._data = data
        starts = mailbox.starts(data)
        if not starts:
            raise NotOpened(damaged("is no mailbox: no line that begins a mail was found"))
        if len(starts) > bounds.members:
            reason = f"has {len(starts):,} mails, more than the {bounds.members:,} that are taken"
            raise NotOpened(Failure(FailureClass.TOO_LARGE, reason, "members"))
        self._mails = list(zip(starts, [*starts[1:], len(data)], strict=True))
        self._longest = bounds.mail

    def inside(self) -> Iterator[Inside]:
        digits = max(_FEWEST_DIGITS, len(str(len(self._mails))))
        for place, (start, end) in enumerate(self._mails):
            head = mailbox.mail(self._data, start, min(end, start + _HEAD))
            subject = of_subject(Part.of_mail(head).shown("subject"))
            name = f"{place + 1:0{digits}}{'-' if subject else ''}{subject}.eml"
            yield Inside(name, place, _too_large(end - start, self._longest))

    def open(self, place: int) -> BinaryIO:
        return io.BytesIO(mailbox.mail(self._data, *self._mails[place]))


def open_mail(file: BinaryIO, kind: ContainerKind, bounds: ContainerBounds) -> OpenContainer:
    """Open a mail or a mailbox, whichever a file is. Raises NotOpened."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(_BEGINNING) == b"From " and size > bounds.mail:
        return MailboxFile(_mapped(file), bounds)
    if fault := _too_large(size, bounds.mail):
        raise NotOpened(fault)
    file.seek(0)
    data = mailbox.narrow(file.read())
    if kind is ContainerKind.MAILBOX or len(mailbox.starts(data)) > 1:
        return MailboxFile(data, bounds)
    return MailFile(data.partition(b"\n")[2] if data.startswith(b"From ") else data)


def _mapped(file: BinaryIO) -> bytes | mmap.mmap:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError, AttributeError):
        file.seek(0)
        return file.read()


def _too_large(size: int, most: int) -> Failure | None:
    if size <= most:
        return None
    return Failure(
        FailureClass.TOO_LARGE, f"is a mail of {size:,} bytes, more than the {most:,} that are taken"
    )
