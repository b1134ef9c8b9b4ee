"""Records of the older binary workbooks (BIFF 5 and 8), with what continues them, and the texts they hold."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_CONTINUE = 0x3C
_RICH, _EXTENDED = 0x08, 0x04


@dataclass(slots=True)
class BiffRecord:
    """`parts` are a record and those that continue it. Reading past the end raises struct.error."""

    kind: int
    parts: list[bytes]
    codec: str | None = None
    """How characters of one byte are written where texts do not say; None where they do."""
    _part: int = field(default=0)
    _at: int = field(default=0)

    @property
    def content(self) -> bytes:
        return self.parts[0]

    def number(self, form: str) -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def real(self) -> float:
        (value,) = struct.unpack("<d", self.take(8))
        return float(value)

    def take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            self._go_on()
            more = self.parts[self._part][self._at : self._at + count - len(taken)]
            self._at += len(more)
            taken += more
        return taken

    def skip(self, count: int) -> None:
        while count > 0:
            self._go_on()
            step = min(count, len(self.parts[self._part]) - self._at)
            self._at += step
            count -= step

    def text(self, length_form: str = "<H") -> str:
        """Return a text that begins with its length."""
        length = self.number(length_form)
        if self.codec is not None:
            return self.take(length).decode(self.codec, "replace")
        flags = self.number("B")
        runs = self.number("<H") if flags & _RICH else 0
        more = self.number("<I") if flags & _EXTENDED else 0
        text = self.characters(length, is_wide=bool(flags & 1))
        self.skip(runs * 4 + more)
        return text

    def characters(self, count: int, *, is_wide: bool) -> str:
        """Return characters; each part that continues says anew how wide they are."""
        found = []
        while count > 0:
            if self._at >= len(self.parts[self._part]):
                self._go_on()
                is_wide = bool(self.number("B") & 1)
            unit = 2 if is_wide else 1
            rest = len(self.parts[self._part]) - self._at
            step = min(count, rest // unit)
            if step == 0:
                self._at = len(self.parts[self._part])
                continue
            content = self.parts[self._part][self._at : self._at + step * unit]
            found.append(content.decode("utf-16-le" if is_wide else "latin-1", "replace"))
            self._at += step * unit
            count -= step
        return "".join(found)

    @property
    def is_read(self) -> bool:
        return self._part + 1 >= len(self.parts) and self._at >= len(self.parts[-1])

    def _go_on(self) -> None:
        while self._at >= len(self.parts[self._part]):
            if self._part + 1 >= len(self.parts):
                raise struct.error("a record ends too early")
            self._part += 1
            self._at = 0


def records(stream: bytes, at: int, codec: str | None = None) -> Iterator[BiffRecord]:
    """Yield records from a place on; ends where the stream breaks off."""
    held: BiffRecord | None = None
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        content = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _CONTINUE and held is not None:
            held.parts.append(content)
            continue
        if held is not None:
            yield held
        held = BiffRecord(kind, [content], codec)
    if held is not None:
        yield held
