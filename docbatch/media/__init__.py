"""Tell a document's media type from its bytes.

Names lie, so a name is asked only where content cannot tell: between kinds of plain text, and for containers
whose inside is damaged or out of visible. The type is part of an item's identity: the same bytes and name always
give the same answer.
"""

import codecs
import io
import re
from typing import BinaryIO

from docbatch.media import zipped

HEAD_SIZE = 8192

UNKNOWN = "application/octet-stream"
EMPTY = "application/x-empty"
PLAIN = "text/plain"
PDF = "application/pdf"
HTML = "text/html"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
MAIL = "message/rfc822"

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0", "image/tiff"),
    (0, b"MM\0+", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x7fELF", "application/x-executable"),
)

_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_OLE_STREAMS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("EncryptedPackage", "application/x-ole-encrypted"),
)

_TEXT_SUFFIXES = {
    b".md": "text/markdown",
    b".markdown": "text/markdown",
    b".csv": "text/csv",
    b".tsv": "text/tab-separated-values",
    b".json": "application/json",
    b".htm": HTML,
    b".html": HTML,
    b".xhtml": HTML,
    b".eml": MAIL,
}
_MAIL_SUFFIXES = frozenset({b".eml", b".mht", b".mhtml"})
_OLE_SUFFIXES = {
    b".doc": "application/msword",
    b".xls": "application/vnd.ms-excel",
    b".ppt": "application/vnd.ms-powerpoint",
    b".msg": "application/vnd.ms-outlook",
}

_PDF_HEADER = re.compile(rb"%PDF-\d")
_PDF_OBJECT = re.compile(rb"\d obj\b")
_PDF_BINARY = re.compile(rb"^%[\x80-\xff]{4}", re.MULTILINE)
_MOST_JUNK = 1 << 20
# Bells, backspaces and escapes are met in logs and manual pages.
_NOT_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
# Where the name says that it is a text, a few others may be in it.
_TEXT_NAMES = frozenset({*_TEXT_SUFFIXES, b".txt", b".text", b".log", b".asc"})
_FEW = 0.02
_ZERO_IN = 200
_DOS_END = b"\x1a"
# In an encoding that is not theirs, bytes become characters from all over Unicode.
_NO_CHARACTER = re.compile(
    "[\0-\x06\x0e-\x1a\x1c-\x1f\x80-\x84\x86-\x9f\u2fe0-\u2fef\ue000-\uf8ff\ufffe\uffff]"
)
_ASCII_WORDS = re.compile(r"[\t\n\r -~]")
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_FIRST_TAG = re.compile(rb"<(?![?!])[^<>]*>")
_FLAT = re.compile(rb"<office:document\s[^<>]*?\soffice:mimetype\s*=\s*[\"']([\w.+/-]+)[\"']")
_FIELD = re.compile(rb"(?!https?:)([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?")
_MAIL_FIELDS = frozenset(
    b"from to cc subject date received message-id mime-version return-path delivered-to content-type reply-to".split()
)
_TELLING_FIELDS = frozenset(b"from received message-id return-path".split())


def detect(head: bytes, name: bytes = b"", open_file: BinaryIO | None = None) -> str:
    """Return the media type of a file from its first `HEAD_SIZE` bytes.

    `open_file`, if given, is read further only for containers whose head does not show what they hold, and for what is named
    a PDF and does not begin as one.
    """
    if not head:
        return EMPTY
    suffix = _suffix(name)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return zipped.kind(head, suffix, open_file) or ZIP
    if head.startswith(_OLE_MAGIC):
        return _inside_ole(head, suffix, open_file)
    return _by_magic(head, suffix) or _late_pdf(head, suffix, open_file) or _text_kind(head, suffix)


def _suffix(name: bytes) -> bytes:
    dot = name.rfind(b".")
    return name[dot:].lower() if dot >= 0 else b""


def _by_magic(head: bytes, suffix: bytes) -> str | None:
    for offset, magic, media_type in _MAGIC:
        if head.startswith(magic, offset):
            return media_type
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "image/bmp"
    header = _PDF_HEADER.search(head, 0, 1024)
    # Readers accept junk before the header; a text that merely mentions it has no binary in its head.
    if header and (not head[: header.start()].strip() or suffix == b".pdf" or _NOT_TEXT.search(head)):
        return PDF
    return None


def _late_pdf(head: bytes, suffix: bytes, open_file: BinaryIO | None) -> str | None:
    """Tell a PDF behind more junk than most readers accept: its source is no text of its own."""
    header = _PDF_HEADER.search(head)
    if header:
        after = head[header.end() :]
        is_source = _PDF_OBJECT.search(after) and (_NOT_TEXT.search(after) or _PDF_BINARY.search(after))
        return PDF if suffix == b".pdf" or is_source else None
    if suffix != b".pdf" or open_file is None:
        return None
    open_file.seek(0)
    return PDF if _PDF_HEADER.search(open_file.read(_MOST_JUNK)) else None


def _inside_ole(head: bytes, suffix: bytes, open_file: BinaryIO | None) -> str:
    directory = _ole_directory(head, open_file) if len(head) >= 512 else b""
    entries = _entry_names(directory)
    for stream, media_type in _OLE_STREAMS:
        if stream in entries:
            return media_type
    return _OLE_SUFFIXES.get(suffix, OLE)


def _ole_directory(head: bytes, open_file: BinaryIO | None) -> bytes:
    """Return the first sectors of a compound file's directory."""
    shift = int.from_bytes(head[30:32], "little")
    offset = (int.from_bytes(head[48:52], "little") + 1) << min(shift, 16)
    if offset + 512 <= len(head) or open_file is None:
        return head[offset:]
    if offset >= open_file.seek(0, io.SEEK_END):
        return b""
    open_file.seek(offset)
    return open_file.read(4096)


def _entry_names(directory: bytes) -> set[str]:
    entries = (directory[at : at + 128] for at in range(0, len(directory), 128))
    return {
        entry[: max(entry[64] - 2, 0)].decode("utf-16-le", "replace")
        for entry in entries
        if len(entry) == 128
    }


def _text_kind(head: bytes, suffix: bytes) -> str:
    text = _as_ascii(head)
    if _NOT_TEXT.search(text) and not (suffix in _TEXT_NAMES and _is_nearly_text(text)):
        return UNKNOWN
    text = text.lstrip()
    if text.startswith(b"<"):
        return _markup_kind(text, suffix)
    if _looks_like_mail(text, suffix):
        return MAIL
    return PLAIN if suffix == b".eml" else _TEXT_SUFFIXES.get(suffix, PLAIN)


def _is_nearly_text(text: bytes) -> bool:
    return sum(1 for _ in _NOT_TEXT.finditer(text)) <= _FEW * len(text)


def _as_ascii(head: bytes) -> bytes:
    """Return the head without a byte order mark, and wider encodings as something that can be searched like ASCII."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return head[: len(head) & ~3].decode("utf-32", "replace").encode("utf-8", "replace")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) & ~1].decode("utf-16", "replace").encode("utf-8", "replace")
    return _unmarked(head) or head.removeprefix(codecs.BOM_UTF8).rstrip(_DOS_END)


def _unmarked(head: bytes) -> bytes | None:
    """Return text in UTF-16 or UTF-32 without a byte order mark; None where the zero bytes are not those of text."""
    if b"\0" not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    # ASCII's text has a zero in each of its wide characters; one that strayed into a narrow text has few.
    is_narrow = head.isascii() and not _NOT_TEXT.search(head.replace(b"\0", b""))
    least = 3 if is_narrow else _ZERO_IN
    narrow = ("utf-16-le",) if odd > even == 0 else ("utf-16-be",) if even > odd == 0 else ()
    for encoding in ("utf-32-le", "utf-32-be", *(narrow if max(even, odd) * least >= len(head) else ())):
        try:
            text: str = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        if len(text) > 1 and not _NO_CHARACTER.search(text) and _ASCII_WORDS.search(text):
            return text.encode("utf-8")
    return None


def _markup_kind(text: bytes, suffix: bytes) -> str:
    if _HTML_START.search(text, 0, 2048):
        return HTML
    if re.search(rb"<svg\b", text[:2048]):
        return "image/svg+xml"
    flat = _flat_type(text)
    if flat or text.startswith(b"<?xml"):
        return flat or "application/xml"
    return _TEXT_SUFFIXES.get(suffix, PLAIN)


def _flat_type(text: bytes) -> str | None:
    """Return what an OpenDocument says that is one XML file; types that no zip of its family has stay XML."""
    root = _FIRST_TAG.search(_COMMENT.sub(b"", text))
    declared = _FLAT.match(root[0]) if root else None
    said = declared[1].decode("ascii") if declared else ""
    return said if said in zipped.SUFFIXES.values() else None


def _looks_like_mail(text: bytes, suffix: bytes) -> bool:
    """Whether the text starts with mail header fields: two that are known, one of them telling."""
    known = set()
    if text.startswith(b"From "):
        # The line by which mailboxes part their mails.
        text = text.partition(b"\n")[2]
    for line in io.BytesIO(text):
        field = _FIELD.match(line)
        if field:
            known.add(field[1].lower())
        elif not line.startswith((b" ", b"\t")):
            break
    known &= _MAIL_FIELDS
    return bool(known) if suffix in _MAIL_SUFFIXES else len(known) > 1 and bool(known & _TELLING_FIELDS)
