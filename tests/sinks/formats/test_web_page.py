import html
import random
import re
from html.parser import HTMLParser

import pytest

from docbatch.core.results import Cell, Picture, Result
from docbatch.sinks.formats import encoded
from docbatch.sinks.formats.web_page import web_page

from .made_results import Answered, page, result, spanning

PIXEL = "data:image/png;base64,iVBORw0KGgo="
_PIECES = [
    "<",
    "</",
    ">",
    "table",
    "<td>",
    "script",
    "[",
    "](",
    "![",
    ")",
    "`",
    "```",
    "|",
    "---",
    "*",
    "_",
    "word",
    "&",
    "&lt;",
    '"',
    "'",
    "=",
    "href=",
    "javascript:",
    "https://x.y",
    "data:",
    "<a",
    "<img",
    "src=",
    "<!--",
    "-->",
    "\\",
    "#",
    "<b>",
    "</b>",
    "</table>",
    "<![CDATA[",
    "<?php",
    "onload=x",
    "<svg",
    "<style>",
]


def body(of: Result | str, *pictures: Picture) -> str:
    made = result(of) if isinstance(of, str) else of
    written = encoded(Answered(made, pictures), made.document, "html").decode()
    return written.partition("<body>\n")[2].rpartition("</body>")[0]


class Judge(HTMLParser):
    """Finds what would run, or ask another machine for something, when a page is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {
            "script",
            "style",
            "svg",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "base",
            "link",
            "meta",
            "video",
        }:
            self.found.append(tag)
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name in {"style", "srcset", "background"}:
                self.found.append((tag, name))
            if (name == "src" and not address.startswith("data:image/")) or address.startswith(
                ("javascript:", "data:text")
            ):
                self.found.append((tag, name, value))


def judged(text: str) -> list[object]:
    judge = Judge()
    judge.feed(text)
    judge.close()
    return judge.found


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>fetch('//x')</script>",
        "<img src=x onerror=alert(1)>",
        "<IMG SRC=https://x.org/spy.png>",
        "[a](javascript:alert(1)) [b](data:text/html;base64,AAAA)",
        "<a href=' JavaScript:alert(1)'>a</a>",
        "![a](data:image/svg+xml;base64,AAAA)",
        "<table><td onclick=x() style='background:url(//x)'>a</table>",
        "<svg onload=alert(1)><iframe src=//x></iframe></svg>",
        "</body><meta http-equiv=refresh content='0;url=//x'><base href=//x>",
        "<b/onmouseover=alert(1)>a</b>",
        "<<script>script>alert(1)<</script>/script>",
        "![a](https://x.org/spy.png)",
    ],
)
def test_nothing_runs_and_nothing_is_loaded(hostile: str) -> None:
    assert judged(body(hostile)) == []


def test_no_mixture_of_marks_runs() -> None:
    choose = random.Random(17)
    for _ in range(300):
        text = "".join(choose.choice([*_PIECES, " ", "\n", "\n\n"]) for _ in range(choose.randrange(1, 50)))
        assert judged(body(text)) == [], text


def test_tags_that_are_words_are_shown() -> None:
    shown = html.unescape(
        re.sub(r"<[^>]*>", "", body("if a <b and c> d, <script>x</script> <!-- y --> & <T>"))
    )

    assert shown == "if a <b and c> d, <script>x</script> <!-- y --> & <T>\n"


def test_a_page_is_whole() -> None:
    written = web_page(result("# שלום", metadata={"language": "he", "title": "a <b>\n c"})).decode()

    assert written.startswith('<!DOCTYPE html>\n<html lang="he">\n<head>\n<meta charset="utf-8">')
    assert "<title>a &lt;b&gt; c</title>" in written
    assert "default-src 'none'" in written
    assert written.endswith("<body>\n<h1>שלום</h1>\n</body>\n</html>\n")


@pytest.mark.parametrize("language", ['"><script>', 7, "", "english language"])
def test_a_language_that_is_none_is_not_said(language: object) -> None:
    assert '<html lang="">' in web_page(result("a", metadata={"language": language})).decode()


def test_without_a_title_the_page_has_the_name_of_the_document() -> None:
    assert "<title>a.pdf</title>" in web_page(result("a")).decode()


def test_the_document_s_web_pictures_become_links_and_its_own_stay() -> None:
    assert body(
        f"![a]({PIXEL})\n\n![b](https://x.org/b.png)\n\n![c](c.png)\n\n[![d](https://x.org/d)](https://y.org)"
    ) == (
        f'<p><img src="{PIXEL}" alt="a"></p>\n'
        '<p><a href="https://x.org/b.png" rel="noopener noreferrer">b</a></p>\n<p>c</p>\n'
        '<p><a href="https://y.org" rel="noopener noreferrer">d</a></p>\n'
    )


def test_tables_of_html_keep_their_spans() -> None:
    assert '<td colspan="2">A</td>' in body(
        '<table border="1"><tr><td colspan="2" class="x">A</td></tr></table>'
    )


def test_spans_that_markdown_has_not_come_from_the_blocks() -> None:
    spans = spanning(
        Cell(row=0, column=0, text="Name", row_span=2),
        Cell(row=0, column=1, text="Sums", column_span=2),
        Cell(row=1, column=1, text="net"),
        Cell(row=1, column=2, text="gross"),
        Cell(row=2, column=0, text="Ann"),
        Cell(row=2, column=1, text="1"),
        Cell(row=2, column=2, text="2"),
    )
    markdown = "| other |\n| --- |\n| x |\n\n| Name | Sums |  |\n| --- | --- | --- |\n|  | **net** | gross |\n| Ann | 1 | 2 |"

    written = re.sub(r"\n", "", body(result(markdown, pages=(page(1, spans),))))

    assert written.endswith(
        '<thead><tr><th rowspan="2">Name</th><th colspan="2">Sums</th></tr><tr><td><strong>net</strong></td><td>gross</td></tr>'
        "</thead><tbody><tr><td>Ann</td><td>1</td><td>2</td></tr></tbody></table>"
    )


def test_a_span_over_words_is_none() -> None:
    wrong = spanning(Cell(row=0, column=0, text="a", column_span=2), Cell(row=0, column=1, text="b"))

    assert "colspan" not in body(result("| a | b |\n| --- | --- |", tables=(wrong,)))


def test_pictures_stand_below_their_pages() -> None:
    pages = (page(1, markdown="one"), page(2, markdown="two"))
    shown = Picture(1, 0, "image/png", b"\x89PNG\r\n\x1a\n")

    assert body(result("one\n\ntwo", pages=pages), shown) == (
        f'<p>one</p>\n<p><img src="{PIXEL}" alt="page 1, picture 1"></p>\n<p>two</p>\n'
    )
    assert body(result("whole", pages=pages), shown) == (
        f'<p>whole</p>\n<p><img src="{PIXEL}" alt="page 1, picture 1"></p>\n'
    )
    assert "<img" not in body(result("one", pages=pages), Picture(1, 0, "image/svg+xml", b"<svg/>"))


def test_a_plain_text_is_no_markdown() -> None:
    assert body(result("__name__ # *x*", media_type="text/plain")) == "<pre>__name__ # *x*</pre>\n"


@pytest.mark.parametrize(
    "text", ["> " * 300 + "deep", "<div>" * 100_000 + "deep", "![" * 100_000 + "deep", "- " * 200 + "deep"]
)
def test_what_lies_too_deep_is_shown_as_it_is(text: str) -> None:
    assert body(text) == f"<pre>{html.escape(text)}</pre>\n"
