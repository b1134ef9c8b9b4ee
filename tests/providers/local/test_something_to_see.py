"""What a document shows of which no engine read a word."""

import pytest

from docbatch.media import HEAD_SIZE, detect
from docbatch.providers.local.something_to_see import Shown, shown
from tests.providers.local import specimens
from tests.providers.local.blank import bare_docx

CASES: dict[str, tuple[bytes, Shown]] = {
    "blank.txt": (b" \n", Shown.NOTHING),
    "blank.html": (b"<html><head><title>a</title></head><body> </body></html>", Shown.NOTHING),
    "picture.html": (b"<html><IMG src=a.png></html>", Shown.PICTURES),
    "code.html": (
        b"<html><!-- a > b --><script>if (a<b) say('c')</script><style>p>a {}</style>&nbsp;</html>",
        Shown.NOTHING,
    ),
    "words.html": (b"<html><p>unread</p></html>", Shown.WORDS),
    "form.html": (b"<html><input value=filled></html>", Shown.PICTURES),
    "a.xml": (b'<?xml version="1.0"?><a says="words"/>', Shown.UNKNOWN),
    "a.png": (specimens.png(), Shown.PICTURES),
    "blank.docx": (bare_docx(" "), Shown.NOTHING),
    "words.docx": (bare_docx("unread"), Shown.WORDS),
    "picture.docx": (bare_docx("", {"word/media/a.png": b""}), Shown.PICTURES),
    "preview.docx": (bare_docx("", {"docProps/thumbnail.jpeg": b""}), Shown.NOTHING),
    "words.xlsx": (specimens.xlsx(), Shown.WORDS),
    "words.pptx": (specimens.pptx(), Shown.WORDS),
    "words.odt": (specimens.odt(), Shown.WORDS),
    "words.epub": (specimens.epub(), Shown.WORDS),
    "a.doc": (specimens.ole("WordDocument"), Shown.UNKNOWN),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_without_an_engine(name: str) -> None:
    content, expected = CASES[name]

    assert shown(content, detect(content[:HEAD_SIZE], name.encode(), None)) is expected


def test_what_cannot_be_opened_cannot_be_told() -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    assert shown(bare_docx("")[:100], word) is Shown.UNKNOWN
    assert shown(specimens.zipped({"a.txt": "text"}), word) is Shown.UNKNOWN
    assert shown(specimens.bomb_docx(), word) is Shown.UNKNOWN
