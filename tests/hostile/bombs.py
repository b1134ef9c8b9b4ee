"""Zeros without end in compressed form, made without compressing all of them."""

import struct
import zlib

_BLOCK = 1_000_000


def zeros(size: int) -> bytes:
    """Return a zlib stream of `size` zero bytes, a multiple of a million."""
    return b"\x78\x9c" + raw(size) + struct.pack(">I", size % 65_521 << 16 | 1)


def gzipped(size: int) -> bytes:
    tail = struct.pack("<II", zlib.crc32(b"\0" * size), size)
    return b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff" + raw(size) + tail


def raw(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(b"\0" * _BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (size // _BLOCK) + b"\x03\0"
