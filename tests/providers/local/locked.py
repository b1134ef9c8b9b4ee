"""PDF files that need a password, encrypted as revision 3 of the standard handler does it: 128 bits of RC4."""

import hashlib
from collections.abc import Iterator

from tests.providers.local import specimens

_ID = bytes.fromhex("00112233445566778899aabbccddeeff")
_ALLOWED = (-44).to_bytes(4, "little", signed=True)
_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_ROUNDS = 50
_LENGTH = 16


def locked_pdf(password: str, words: str = "Only for those who know", pages: int = 1) -> bytes:
    """Return a PDF that shows these words to whoever knows the password, on so many pages; the second says 2 before them, and so on."""
    lock = hashlib.md5(_padded(password.encode())).digest()
    for _ in range(_ROUNDS):
        lock = hashlib.md5(lock).digest()
    owner = _stirred(lock, _padded(password.encode()))
    key = hashlib.md5(_padded(password.encode()) + owner + _ALLOWED + _ID).digest()
    for _ in range(_ROUNDS):
        key = hashlib.md5(key).digest()
    user = _stirred(key, hashlib.md5(_PADDING + _ID).digest()) + bytes(16)
    own = list(range(5, 5 + 2 * pages, 2))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % number for number in own)),
        b"<</Filter/Standard/V 2/R 3/Length 128/P -44/O<%s>/U<%s>>>"
        % (owner.hex().encode(), user.hex().encode()),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for page, number in enumerate(own, start=1):
        text = words if page == 1 else f"{page} {words}"
        shown = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
            % (number + 1),
            specimens.stream(_rc4(_key_of(key, number + 1), shown)),
        ]
    identity = _ID.hex().encode()
    return specimens.pdf_of(objects, b" /Encrypt 3 0 R /ID[<%s><%s>]" % (identity, identity))


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def _key_of(key: bytes, number: int) -> bytes:
    return hashlib.md5(key + number.to_bytes(3, "little") + bytes(2)).digest()[:_LENGTH]


def _stirred(key: bytes, text: bytes) -> bytes:
    for turn in range(20):
        text = _rc4(bytes(each ^ turn for each in key), text)
    return text


def _rc4(key: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(text, _keystream(key), strict=False))


def _keystream(key: bytes) -> Iterator[int]:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    while True:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        yield box[(box[i] + box[j]) % 256]
