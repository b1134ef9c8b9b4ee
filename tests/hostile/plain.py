"""Hostile text, tables of text, and things that are no document at all."""

import hashlib
import sqlite3
import tempfile
from pathlib import Path


def noise(seed: str, size: int) -> bytes:
    """Return bytes without meaning that follow from the seed."""
    blocks = (hashlib.sha256(f"{seed} {at}".encode()).digest() for at in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def wide_table() -> bytes:
    return b",".join(b"c%d" % at for at in range(20_000)) + b"\n" + b",".join([b"1"] * 20_000) + b"\n"


def ragged_table() -> bytes:
    return b"".join(b"x," * (at % 40) + b"y\n" for at in range(5_000))


def database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        connection = sqlite3.connect(path)
        connection.execute("create table t (x)")
        connection.close()
        return path.read_bytes()


MAKERS = {
    "empty.pdf": lambda: b"",
    "empty.docx": lambda: b"",
    "empty.txt": lambda: b"",
    "empty-without-suffix": lambda: b"",
    "one-byte.pdf": lambda: b"%",
    "one-byte.docx": lambda: b"P",
    "one-byte.txt": lambda: b"\n",
    "one-byte.html": lambda: b"<",
    "blanks-only.txt": lambda: b" \t\r\n" * 5_000,
    "mark-only.txt": lambda: b"\xef\xbb\xbf",
    "nul-only.txt": lambda: b"\0" * 5_000,
    "nul-between.txt": lambda: b"before\0after\0" * 100,
    "nul-between.csv": lambda: b"a,b\n1,\0\n\0,2\n",
    "utf16-with-mark.txt": lambda: "Grüße aus dem Hafen\n".encode("utf-16"),
    "utf16-without-mark.txt": lambda: ("Grüße aus dem Hafen\n" * 20).encode("utf-16-le"),
    "utf32.txt": lambda: ("Grüße\n" * 20).encode("utf-32"),
    "latin1.txt": lambda: ("Grüße über Flüsse\n" * 20).encode("latin-1"),
    "latin1.csv": lambda: "Straße;Größe\nHauptstraße;5\n".encode("latin-1"),
    "shift-jis.txt": lambda: ("日本語の文書です。\n" * 20).encode("shift-jis"),
    "lone-surrogates.txt": lambda: b"half \xed\xa0\x80 a \xed\xb0\x80 pair " * 50,
    "overlong-utf8.txt": lambda: b"\xc0\xaf\xe0\x80\xaf\xf8\x88\x80\x80\x80" * 50,
    "utf8-cut-in-a-letter.txt": lambda: "ends in half a letter: é".encode()[:-1],
    "controls.txt": lambda: bytes(range(32)) * 100,
    "escapes-for-terminals.txt": lambda: b"\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b31m\r" * 50,
    "directions-mixed.txt": lambda: "abc\u202etxt.exe\u202c \u200b\u200d\ufeff \u0301\u0301".encode() * 50,
    "marks-piled-up.txt": ("a" + "\u0301" * 10_000).encode,
    "one-line-of-8-megabytes.txt": lambda: b"word " * 1_600_000,
    "one-line-of-8-megabytes.csv": lambda: b"cell," * 1_600_000,
    "quote-never-closed.csv": lambda: b'a,b\n1,"never closed\n' + b"x,y\n" * 50_000,
    "columns-20000.csv": wide_table,
    "ragged.csv": ragged_table,
    "formulas.csv": lambda: b"=cmd|' /C calc'!A0,@SUM(1),+1,-1\n" * 20,
    "carriage-returns-only.csv": lambda: b"a,b\r1,2\r3,4\r",
    "program.pdf": lambda: b"\x7fELF\x02\x01\x01" + b"\0" * 500,
    "database.xlsx": database,
    "compound-file-header.doc": lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\xff" * 5_000,
    "rtf-nested.rtf": lambda: b"{\\rtf1 " + b"{" * 100_000,
}
