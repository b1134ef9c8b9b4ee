"""Containers as people have them: zips, tars, mails, mailboxes, PDF files with others inside."""

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

from pypdfium2 import PdfDocument

_EPOCH = (1980, 1, 1, 0, 0, 0)
DATE = "Tue, 05 May 2026 10:00:00 +0200"


def zipped(members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], *, stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
    return buffer.getvalue()


def tarred(members: Mapping[str, bytes | str], mode: str = "w") -> bytes:
    """Return a tar; text stands for a link that leads there."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def mail(text: str = "Hello", page: str | None = None, subject: str = "Größe", **files: bytes) -> bytes:
    """Return a mail with text, or with text and a page that says the same; `a_txt` stands for a file a.txt."""
    message = EmailMessage()
    message["From"] = "Anna Müller <anna@example.org>"
    message["To"] = "bo@example.org"
    message["Subject"] = subject
    message["Date"] = DATE
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text)
    if page is not None:
        message.add_alternative(page, subtype="html")
    for name, content in files.items():
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name.replace("_", ".")
        )
    return bytes(message)


def mailbox(*mails: bytes) -> bytes:
    return b"".join(b"From anna@example.org Tue May  5 10:00:00 2026\n" + each + b"\n\n" for each in mails)


def portfolio(files: Mapping[str, bytes], folder: Path) -> bytes:
    """Return a PDF of one page, with files inside."""
    document = PdfDocument.new()
    document.new_page(100, 100)
    for name, content in files.items():
        document.new_attachment(name).set_data(content)
    place = folder / "made.pdf"
    document.save(place)
    document.close()
    content = place.read_bytes()
    place.unlink()
    return content
