# ruff: noqa: RUF001 - letters of many scripts
"""What documents are written in, and what does not fit."""

import random

import pytest

from docbatch.media import charsets
from docbatch.media.charset_labels import codec, shown
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.text.plain_engine import PlainEngine
from tests.providers.local.sentences import SENTENCES, WRITTEN_IN, sentence

GUESSES = [(language, charset) for language, charsets in WRITTEN_IN.items() for charset in charsets]


@pytest.mark.parametrize(("language", "charset"), GUESSES)
def test_what_says_nothing_of_itself_is_told_by_its_letters(language: str, charset: str) -> None:
    text = sentence(language, charset)

    decoded = charsets.decode(text.encode(charset))

    assert (decoded.text, decoded.lost) == (text, ())
    assert decoded.warnings[0].startswith(f"guessed: read as {shown(decoded.codec)}; set encoding:")


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_a_mark_and_utf8_are_no_guess(charset: str) -> None:
    decoded = charsets.decode(SENTENCES["ja"].encode(charset))

    assert (decoded.text, decoded.warnings, decoded.lost) == (SENTENCES["ja"], (), ())


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["Größe\n", "日本語\n", "a,b\r\n1,2\r\n"])
def test_wide_unicode_without_a_mark_is_told_by_its_zeros(charset: str, text: str) -> None:
    decoded = charsets.decode(text.encode(charset))

    assert (decoded.text, decoded.codec) == (text, charset)
    assert decoded.warnings


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("latin1", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("us-ascii", "cp1252"),
        ("iso-8859-9", "cp1254"),
        ("x-sjis", "cp932"),
        ("Shift_JIS", "cp932"),
        ("windows-31j", "cp932"),
        ("gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("big5-hkscs", "big5hkscs"),
        ("x-cp1251", "cp1251"),
        ("koi8-ru", "koi8-u"),
        ("tis-620", "cp874"),
        ("windows-874", "cp874"),
        ("iso88592", "iso8859-2"),
        ("x-mac-roman", "mac-roman"),
        ('"utf8" ', "utf-8"),
        ("iso-8859-8-i", "iso8859-8"),
    ],
)
def test_labels_mean_what_they_mean_to_browsers(label: str, name: str) -> None:
    assert codec(label) == name
    assert codec(shown(name)) == name


@pytest.mark.parametrize(
    "label", ["", "unknown-8bit", "rot13", "hex", "idna", "unicode_escape", "a" * 99, "ü", "zip"]
)
def test_what_is_no_charset_is_none(label: str) -> None:
    assert codec(label) is None


def test_a_mark_wins_over_the_option_and_the_option_over_the_document() -> None:
    assert charsets.decode("Größe".encode("utf-16"), "cp850", "cp1251").codec == "utf-16-le"
    assert charsets.decode("Größe".encode("cp850"), "cp850", "cp1251").text == "Größe"
    assert charsets.decode("Größe".encode(), "cp850").text == "Gr├Â├ƒe"
    assert charsets.decode("счёт".encode("cp1251"), None, "windows-1251").text == "счёт"


@pytest.mark.parametrize(
    ("text", "written", "declared"),
    [
        ("Größe", "utf-8", "iso-8859-1"),
        ("Größe", "utf-8", "utf-16"),
        ("Größe", "utf-16-le", "utf-8"),
        ("Größe", "cp1252", "utf-8"),
        ("žluť", "cp1250", "iso-8859-2"),
        ("5 € – “x”", "cp1252", "iso-8859-15"),
        ("Größe", "utf-8", "no-such-thing"),
    ],
)
def test_a_document_that_is_wrong_about_itself_is_read_all_the_same(
    text: str, written: str, declared: str
) -> None:
    decoded = charsets.decode(text.encode(written), declared=declared)

    assert (decoded.text, decoded.lost) == (text, ())


def test_single_bytes_that_do_not_fit_are_counted_and_placed() -> None:
    decoded = charsets.decode("Größe, Œuvre\n".encode() + b"caf\xe9 \xff\n")

    assert decoded.text == "Größe, Œuvre\ncaf\ufffd \ufffd\n"
    assert decoded.lost == ("2 places not written in utf-8, the first at byte 19",)


def test_a_stray_zero_byte_makes_no_wide_text() -> None:
    assert charsets.decode(b"started\n" * 40 + b"\0end\n").codec == "utf-8"
    assert charsets.decode("größe\n".encode("cp1252") * 40 + b"\0").codec == "cp1252"


def test_what_fits_nothing_is_partial() -> None:
    assert charsets.decode(random.Random(1).randbytes(3000)).lost
    assert charsets.decode(b"x\xb7y\xf7z\xa7w\xb1" * 9).lost
    assert charsets.decode(b"Gr\x81\x8de", "cp1252").lost == (
        "2 places not written in windows-1252, the first at byte 2",
    )
    assert charsets.decode(b"Gr\x81\x8de", "latin-2").lost == (
        "2 characters that mean nothing in iso-8859-2",
    )


@pytest.mark.parametrize(
    "text",
    ["He said “yes” — it’s 5 € – “café”…", "½ cup crème", "x² + y³ = é", "ÉTÉ À PARIS", "L’été—déjà"],
)
def test_signs_of_windows_are_no_letters_of_dos(text: str) -> None:
    assert charsets.decode(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("page", "declared"),
    [
        (b'<meta charset="windows-1252">', "windows-1252"),
        (b"<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=x-sjis'>", "x-sjis"),
        (b'<?xml version="1.0" encoding="ISO-8859-2"?><html>', "ISO-8859-2"),
        (b'<!-- <meta charset="koi8-r"> --><meta charset=big5>', "big5"),
        (b"<p>charset=koi8-r</p>", None),
        (b"<meta charset='utf-7'>", None),
        (b"<!--" * 5000, None),
    ],
)
def test_a_page_names_its_charset(page: bytes, declared: str | None) -> None:
    assert charsets.declared_in_html(page) == declared


def test_the_option_decides_how_a_text_is_read() -> None:
    parsed = PlainEngine().extract("Größe".encode("cp850"), "text/plain", Options(encoding="cp850"))

    assert isinstance(parsed, Parsed)
    assert (parsed.text, parsed.warnings) == ("Größe", ())


def test_a_text_is_left_as_it_is_and_its_paragraphs_are_blocks() -> None:
    parsed = PlainEngine().extract(b"# a\r\n  b\r\n \r\n\r\n* c\0\n", "text/plain", Options())

    assert isinstance(parsed, Parsed)
    assert parsed.text == parsed.markdown == "# a\n  b\n \n\n* c\n"
    assert [block["text"] for block in parsed.blocks] == ["# a\n  b", "* c"]
