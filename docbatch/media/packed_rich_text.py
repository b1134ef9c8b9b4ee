"""RTF as Outlook packs it."""

import struct

_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_HEAD = 16
_WINDOW = 4096
_LONGEST = 100_000_000
_FIRST = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def unpacked(packed: bytes) -> bytes:
    """Return the RTF in a packed stream. Raises ValueError where it is none."""
    if len(packed) < _HEAD:
        raise ValueError("the packed RTF is cut off")
    _, size, kind, _ = struct.unpack_from("<4I", packed)
    if kind == _PLAIN:
        return packed[_HEAD : _HEAD + size]
    if kind != _PACKED or size > _LONGEST:
        raise ValueError("the RTF is packed in a way that is not known")
    return bytes(_unpack(packed, size))


def _unpack(packed: bytes, size: int) -> bytearray:
    window = bytearray(_FIRST.ljust(_WINDOW, b"\0"))
    at, place = _HEAD, len(_FIRST)
    out = bytearray()
    while at < len(packed) and len(out) < size:
        flags = packed[at]
        at += 1
        for bit in range(8):
            is_reference = flags >> bit & 1
            taken = packed[at : at + 1 + is_reference]
            if len(taken) < 1 + is_reference:
                return out[:size]
            at += len(taken)
            if not is_reference:
                run = taken
                window[place] = taken[0]
                place = (place + 1) % _WINDOW
                out += run
                continue
            start, length = taken[0] << 4 | taken[1] >> 4, (taken[1] & 15) + 2
            if start == place:
                return out[:size]
            for step in range(length):
                byte = window[(start + step) % _WINDOW]
                out.append(byte)
                window[place] = byte
                place = (place + 1) % _WINDOW
    return out[:size]
