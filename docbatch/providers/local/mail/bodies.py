"""Which parts of a mail are its text, which are files, and what becomes of each."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from docbatch.media import charsets
from docbatch.media.mime import Part
from docbatch.providers.local import blocks, word_guard
from docbatch.providers.local.attachments import AttachedFiles, Kind
from docbatch.providers.local.engines import Json, Options
from docbatch.providers.local.mail import plain_body
from docbatch.providers.local.text import html_blocks, html_engine

_BODIES = frozenset({"text/plain", "text/html"})
# A page's own furniture, of which its reader sees nothing.
_FURNITURE = (
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "font/",
    "application/font",
)
_PROOFS = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-keys",
    }
)
_SEALED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
# The object identifier of content that is signed and can be read without a key.
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_NEAR = 64
# Invitations and cards, whose long lines go on in the next.
_FOLDED = frozenset({"text/calendar", "text/x-vcalendar", "text/vcard", "text/x-vcard", "text/directory"})
_FOLD = re.compile(rb"\r?\n[ \t]")
_STRUCTURED = frozenset({"table", "heading"})
# An alternative of which so much is not in the other says something of its own.
_OWN_SHARE = 0.5


@dataclass(slots=True)
class Said:
    """What a mail says: its blocks and their Markdown, beside the files inside it."""

    files: AttachedFiles
    blocks: list[Json] = field(default_factory=list)
    markdown: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def add(self, body: "Body") -> None:
        if body.markdown:
            self.blocks += body.blocks
            self.markdown.append(body.markdown)
        self.warnings += (each for each in body.warnings if each not in self.warnings)
        self.lost += (each for each in body.lost if each not in self.lost)


@dataclass(frozen=True, slots=True)
class Body:
    """One text of a mail."""

    blocks: tuple[Json, ...]
    markdown: str
    warnings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return blocks.text(self.blocks)


def read(part: Part, options: Options, said: Said) -> None:
    """Add what a part holds, its text to the mail's text and its files to the mail's files."""
    kind = part.media_type
    if kind == "multipart/alternative":
        _alternatives(part, options, said)
    elif kind == "multipart/encrypted":
        said.files.leave("encrypted content", "the mail is encrypted", kind, len(part.body))
    elif kind.startswith("multipart/") or (part.parts and kind not in _BODIES):
        for inner in part.parts:
            read(inner, options, said)
    elif _is_body(part):
        said.add(body(part, options))
    else:
        _file(part, said)
    said.lost += part.faults if kind.startswith("multipart/") else ()


def body(part: Part, options: Options) -> Body:
    """Return the text of a part."""
    content = part.content()
    is_page = part.media_type == "text/html"
    declared = part.charset or (charsets.declared_in_html(content) if is_page else None)
    decoded = charsets.decode(content, options.encoding, declared)
    lost = (*(f"text: {fault}" for fault in part.faults), *(f"text: {each}" for each in decoded.lost))
    if is_page:
        page = html_engine.page(decoded.text)
        return Body(tuple(page.blocks), page.markdown or "", decoded.warnings, lost)
    return plain(decoded.text, part, decoded.warnings, lost)


def plain(
    text: str, part: Part | None = None, warnings: tuple[str, ...] = (), lost: tuple[str, ...] = ()
) -> Body:
    """Return plain text as the body of a mail."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if part and part.parameter("format").lower() == "flowed":
        text = plain_body.unflowed(text, delete_space=part.parameter("delsp").lower() == "yes")
    pieces = plain_body.pieces(text)
    return Body(
        tuple(piece.block for piece in pieces if piece.block), html_blocks.markdown(pieces), warnings, lost
    )


def choose(shown_plain: Body | None, shown_page: Body | None) -> list[Body]:
    """Return which of a mail's two texts are shown: the plain one, unless the page says or shows more."""
    if shown_plain is None or shown_page is None:
        return [each for each in (shown_plain, shown_page) if each]
    plain_text, page_text = shown_plain.text, shown_page.text
    says_more = word_guard.missing(page_text, plain_text)
    if not says_more and not any(block["kind"] in _STRUCTURED for block in shown_page.blocks):
        return [shown_plain]
    own = word_guard.missing(plain_text, page_text + shown_page.markdown)
    if len(own) > _OWN_SHARE * len(word_guard.words(plain_text)):
        return [shown_plain, shown_page]
    return [shown_page]


def _alternatives(part: Part, options: Options, said: Said) -> None:
    texts: dict[str, Body] = {}
    for inner in part.parts:
        kind = inner.media_type
        if kind in _BODIES and _is_body(inner):
            texts.setdefault(kind, body(inner, options))
        elif kind.startswith("multipart/"):
            _inside_alternative(inner, options, said, texts)
        elif kind != "text/x-amp-html":
            _file(inner, said)
    for chosen in choose(texts.get("text/plain"), texts.get("text/html")):
        said.add(chosen)


def _inside_alternative(part: Part, options: Options, said: Said, texts: dict[str, Body]) -> None:
    """Take the page that comes with its pictures; other parts are read as if they stood alone."""
    inner = Said(said.files)
    page = next((each for each in part.parts if each.media_type == "text/html" and _is_body(each)), None)
    for each in part.parts:
        if each is not page:
            read(each, options, inner)
    said.lost += part.faults
    if page is None and inner.markdown:
        texts.setdefault("text/html", Body(tuple(inner.blocks), joined(inner.markdown)))
    elif page is not None:
        first = body(page, options)
        whole = Body(
            (*first.blocks, *inner.blocks),
            joined([first.markdown, *inner.markdown]),
            first.warnings,
            first.lost,
        )
        texts.setdefault("text/html", whole)
    said.lost += inner.lost
    said.warnings += inner.warnings


def _is_body(part: Part) -> bool:
    kind = part.media_type
    if kind in {"message/delivery-status", "message/disposition-notification", "text/rfc822-headers"}:
        return True
    is_text = kind in _BODIES or (kind == "text/enriched" and not part.name)
    return is_text and part.disposition != "attachment" and not (part.name and part.disposition != "inline")


def _file(part: Part, said: Said) -> None:
    kind = part.media_type
    if part.parent_type == "multipart/related" and kind.startswith(_FURNITURE):
        return
    if kind == "message/rfc822":
        inner = part.content()
        said.files.add(part.name or Part.of_mail(inner).shown("subject"), inner, kind)
    elif kind in {"message/external-body", "message/partial"}:
        said.files.leave(part.name or kind, "the mail does not hold it", kind, len(part.body))
    elif kind in _SEALED:
        said.files.leave(part.name or "smime.p7m", _sealed(part.content()), kind, len(part.body))
    else:
        content = part.content()
        if kind in _FOLDED:
            content = _FOLD.sub(b"", content)
        charset = charsets.decode(content, None, part.charset).codec if part.charset else None
        said.files.add(part.name, content, kind, _role(part, kind), charset)
    said.lost += (f"attachment {part.name or 'unnamed'}: {fault}" for fault in part.faults)


def _sealed(content: bytes) -> str:
    if _SIGNED_DATA in content[:_NEAR]:
        return "signed text and files inside it were not read"
    return "the mail is encrypted"


def _role(part: Part, kind: str) -> Kind:
    if kind in _PROOFS:
        return "signature"
    is_shown = (
        part.parent_type == "multipart/related" or part.raw("content-id") or part.disposition == "inline"
    )
    return "inline" if kind.startswith("image/") and is_shown else "file"


def joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part.strip())
