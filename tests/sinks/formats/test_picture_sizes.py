"""Pictures say how large they are, and are not believed everything."""

import io
import struct

import pytest
from PIL import Image

from docbatch.sinks.formats.picture_sizes import WIDEST, pixels

PNG = b"\x89PNG\r\n\x1a\n"


def encoded(kind: str, **options: object) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (31, 17)).save(into, kind, **options)
    return into.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        encoded("PNG"),
        encoded("GIF"),
        encoded("JPEG"),
        encoded("JPEG", progressive=True, comment=b"x" * 60_000),
    ],
)
def test_a_picture_says_its_size(content: bytes) -> None:
    assert pixels(content) == (31, 17)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG"])
def test_what_breaks_off_says_what_it_can(kind: str) -> None:
    content = encoded(kind)

    assert {pixels(content[:length]) for length in range(len(content))} <= {None, (31, 17)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        encoded("WEBP"),
        PNG + b"\0\0\0\rIHDR" + struct.pack(">II", 2**32 - 1, 1),
        PNG + b"\0\0\0\rIHDR" + struct.pack(">II", 0, 1),
        PNG + b"\0\0\0\rIHDR" + struct.pack(">II", 1, WIDEST + 1),
        b"\xff\xd8" + b"\xff\xe0\0\0" * 5000,
        b"\xff\xd8nothing",
    ],
)
def test_what_says_nothing_that_can_be_is_not_believed(content: bytes) -> None:
    assert pixels(content) is None
