"""A mail taken apart into its parts. What is wrong with it is said, and never stops the rest."""

import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message

from docbatch.media import charsets

_DEEPEST = 20
_MOST_PARTS = 1000
_LONGEST_PARAMETERS = 8192
_HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*(.*)", re.DOTALL)
_FOLD = re.compile(rb"\r?\n(?=[ \t])|\r(?=[ \t])")
_LINE = re.compile(rb"\r?\n|\r")
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_BAD_QUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*$)")
_UU_START = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end\b", re.MULTILINE)
_LOOKS_LIKE_BOUNDARY = re.compile(
    rb"^--(?=[^\s]*[A-Za-z0-9])([^\s]{1,70})\r?\n(?=[A-Za-z-]+:|\r?\n)", re.MULTILINE
)
_PLACE = re.compile(r"[\r\n\t ]+")


@dataclass(slots=True)
class Part:
    """A mail or a part of one: its head, its bytes as they were sent, and the parts inside."""

    fields: list[tuple[str, bytes]]
    body: bytes
    parent_type: str = ""
    parts: list["Part"] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def raw(self, name: str) -> bytes:
        return next((value for key, value in self.fields if key == name), b"")

    def shown(self, name: str) -> str:
        """Return all fields of a name as a person reads them."""
        return ", ".join(filter(None, (words(value) for key, value in self.fields if key == name)))

    @classmethod
    def of_mail(cls, data: bytes) -> "Part":
        """Return a mail that is not taken apart any further."""
        return _part(data, "")

    @property
    def media_type(self) -> str:
        kind = self._head("content-type").get_content_type()
        if kind == "text/plain" and self.parent_type == "multipart/digest" and not self.raw("content-type"):
            return "message/rfc822"
        return kind

    @property
    def charset(self) -> str | None:
        """The charset that the part names; none where it says no more than ASCII does."""
        said = self._head("content-type").get_param("charset")
        name = said[2] if isinstance(said, tuple) else said
        return None if name is None or name.lower().strip("\"' ") in _SAY_NOTHING else name

    @property
    def disposition(self) -> str:
        return self._head("content-disposition").get_content_disposition() or ""

    @property
    def name(self) -> str | None:
        """The name of the file, however it is written."""
        for where, parameter in (("content-disposition", "filename"), ("content-type", "name")):
            said = self._head(where).get_param(parameter, header=where)
            if isinstance(said, tuple):
                charset, _, value = said
                return charsets.decode(value.encode("latin-1", "replace"), None, charset).text
            if said:
                return words(said.encode("latin-1", "replace"))
        return None

    def parameter(self, name: str) -> str:
        said = self._head("content-type").get_param(name)
        return (said[2] if isinstance(said, tuple) else said or "").strip()

    def content(self) -> bytes:
        """Return the bytes without their transfer encoding; `faults` say what is damaged."""
        coding = self.raw("content-transfer-encoding").decode("ascii", "replace").strip().lower()
        match coding.partition(";")[0].strip():
            case "base64":
                return self._base64()
            case "quoted-printable":
                bad = len(_BAD_QUOTED.findall(self.body))
                if bad:
                    self._say(f"{bad} places where quoted-printable is damaged")
                return quopri.decodestring(self.body)
            case "x-uuencode" | "uuencode" | "x-uue" | "uue":
                return self._uuencoded()
            case _:
                return self.body

    def _base64(self) -> bytes:
        letters = b"".join(self.body.split())
        sound = _NOT_BASE64.sub(b"", letters)
        body, _, rest = sound.partition(b"=")
        if len(sound) != len(letters) or rest.strip(b"=") or len(body) % 4 == 1:
            self._say("its base64 is damaged")
        body = body[: len(body) - (len(body) % 4 == 1)]
        return binascii.a2b_base64(body + b"=" * (-len(body) % 4))

    def _uuencoded(self) -> bytes:
        start = _UU_START.search(self.body)
        end = _UU_END.search(self.body, start.end()) if start else None
        if start is None or end is None:
            self._say("its uuencoding is damaged")
            return b""
        data = bytearray()
        try:
            for each in _LINE.split(self.body[start.end() : end.start()]):
                data += binascii.a2b_uu(each) if each else b""
        except binascii.Error:
            self._say("its uuencoding is damaged")
        return bytes(data)

    def _say(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.append(fault)

    def _head(self, name: str) -> Message:
        head = Message()
        value = self.raw(name)[:_LONGEST_PARAMETERS].decode("latin-1")
        if value:
            head[name] = _PLACE.sub(" ", value)
        return head


_SAY_NOTHING = frozenset(
    {"", "us-ascii", "ascii", "unknown-8bit", "unknown", "x-unknown", "default", "binary"}
)


def parse(data: bytes) -> Part:
    """Return a mail with all its parts. Never raises."""
    mail = _part(data, "")
    _divide(mail, 0, [_MOST_PARTS])
    return mail


def walk(part: Part) -> Iterator[Part]:
    """Yield a part and all inside it, in their order."""
    yield part
    for inner in part.parts:
        yield from walk(inner)


def words(value: bytes) -> str:
    """Return the words of a field, encoded words and bytes of any charset decoded, on one line."""
    text = _BETWEEN_WORDS.sub(r"\1", charsets.decode(_FOLD.sub(b"", value)).text)
    pieces: list[str | tuple[str, bytes]] = []
    at = 0
    for word in _WORD.finditer(text):
        _gather(pieces, text[at : word.start()], word)
        at = word.end()
    pieces.append(text[at:])
    shown = "".join(
        each if isinstance(each, str) else charsets.decode(each[1], None, each[0]).text for each in pieces
    )
    return _PLACE.sub(" ", shown).strip()


def _gather(pieces: list[str | tuple[str, bytes]], before: str, word: re.Match[str]) -> None:
    """Add an encoded word; one that follows another directly may go on with its last character."""
    if before:
        pieces.append(before)
    charset, coding, encoded = word[1].lower(), word[2].lower(), word[3].encode("ascii", "replace")
    content = _from_base64(encoded) if coding == "b" else quopri.decodestring(encoded, header=True)
    last = pieces[-1] if pieces else ""
    if isinstance(last, tuple) and last[0] == charset:
        pieces[-1] = (charset, last[1] + content)
    else:
        pieces.append((charset, content))


def _from_base64(encoded: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", encoded)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _part(data: bytes, parent_type: str) -> Part:
    if data.startswith((b"\n", b"\r\n")):
        return Part([], data.lstrip(b"\r\n"), parent_type)
    end = _HEAD_END.search(data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    fields, rest = _fields(head)
    # Some leave out the empty line between head and body.
    return Part(fields, rest + (b"\r\n\r\n" if rest and body else b"") + body, parent_type)


def _fields(head: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return the fields of a head, and the lines below the last of them."""
    lines = _LINE.split(_FOLD.sub(b"\0", head))
    found = [_FIELD.match(line) for line in lines]
    last = max((at for at, field in enumerate(found) if field), default=-1)
    fields = [
        (each[1].decode("ascii").lower(), each[2].replace(b"\0", b"\r\n").strip()) for each in found if each
    ]
    return fields, b"\r\n".join(lines[last + 1 :]).replace(b"\0", b"\r\n").strip() if fields else b""


def _divide(part: Part, depth: int, left: list[int]) -> None:
    kind = part.media_type
    if not kind.startswith("multipart/"):
        return
    if depth >= _DEEPEST:
        part.faults.append(f"parts lie more than {_DEEPEST} deep")
        return
    pieces = _pieces(part)
    if len(pieces) > left[0]:
        part.faults.append(f"more than {_MOST_PARTS} parts")
        pieces = pieces[: left[0]]
    left[0] -= len(pieces)
    part.parts = [_part(piece, kind) for piece in pieces]
    for inner in part.parts:
        _divide(inner, depth + 1, left)


def _pieces(part: Part) -> Sequence[bytes]:
    line = _boundary(part)
    if line is None:
        return [b"\n" + part.body] if part.body.strip() else []
    pieces = []
    start = None
    for found in line.finditer(part.body):
        if start is not None:
            pieces.append(_without_last_line_end(part.body[start : found.start()]))
        start = None if found[1] else found.end()
        if found[1]:
            return pieces
    part.faults.append("the mail ends before its last part does")
    return [*pieces, part.body[start:]]


def _boundary(part: Part) -> re.Pattern[bytes] | None:
    """Return what parts the inner parts: as it is named, or else the first line that looks like it."""
    named = part.parameter("boundary").encode("latin-1", "replace")
    line = _boundary_line(named) if named else None
    if line and line.search(part.body):
        return line
    part.faults.append(
        f"its boundary is {'met nowhere' if named else 'not named'}, so that its parts are guessed"
    )
    looks = _LOOKS_LIKE_BOUNDARY.search(part.body)
    return _boundary_line(looks[1]) if looks else None


def _boundary_line(boundary: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:\A|(?<=\n)|(?<=\r))--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\r|\Z)")


def _without_last_line_end(piece: bytes) -> bytes:
    return piece.removesuffix(b"\n").removesuffix(b"\r")
