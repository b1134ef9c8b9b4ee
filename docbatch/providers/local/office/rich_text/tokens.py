"""Rich text taken apart: braces, control words with their numbers, and the bytes of text between them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.DOTALL,
)


class Token(NamedTuple):
    """`kind` is `{`, `}`, `word`, `byte` or `text`; `word` the control word or sign, `number` what stands behind it."""

    kind: str
    word: str = ""
    number: int | None = None
    content: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    at = 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        word, number, byte, sign, brace, text = found.groups()
        if word is not None:
            value = int(number) if number is not None else None
            if word == b"bin":
                # Bytes of a picture, which may look like anything.
                at += max(value or 0, 0)
            else:
                yield Token("word", word.decode("ascii"), value)
        elif byte is not None:
            yield Token("byte", content=bytes([int(byte, 16)]))
        elif sign is not None:
            yield Token("word", sign.decode("latin-1"))
        elif brace is not None:
            yield Token(brace.decode("ascii"))
        elif text is not None:
            yield Token("text", content=text)
