"""HTML, plain text, EPUB, RTF: mostly a matter of characters."""

from collections.abc import Iterator
from html import escape

from fidelity.made.package import xml, zipped
from fidelity.made.story import TYPOGRAPHY, Block, Grid, Head, Items, Para, Story, Teller, truth
from fidelity.truth import PARTIAL, Sample, Script, Truth

_ASIAN = {
    "ja": "東京本社の月次報告書です。売上は前年比12.5％増の3,400万円でした。次回の会議は5月14日に大阪で行います。資料は担当者が用意してください。",
    "zh": "这是二〇二四年的年度报告。北京分公司的收入为4,500万元，比去年增长了百分之七。下次会议将于6月3日在上海举行，请准时参加。",
    "tw": "這是臺北分公司的年度報告。營業額為2,300萬元，比去年成長百分之七。下次會議將於六月三日在高雄舉行，請準時參加。",
    "ko": "서울 지사의 연간 보고서입니다. 매출은 1,200억 원으로 작년보다 7% 늘었습니다. 다음 회의는 6월 3일에 부산에서 열립니다.",
}
_DECLARED = (
    ("utf8-bom", "en", "utf-8-sig", ""),
    ("utf8-undeclared", "de", "utf-8", ""),
    ("utf8-meta", "el", "utf-8", '<meta charset="utf-8">'),
    ("cp1252-meta", "fr", "cp1252", '<meta charset="windows-1252">'),
    ("latin1-meta", "fr", "cp1252", '<meta charset="iso-8859-1">'),
    ("cp1252-undeclared", "de", "cp1252", ""),
    ("cp1251-http-equiv", "ru", "cp1251", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
    ("koi8-meta", "ru", "koi8-r", "<meta charset=koi8-r>"),
    ("latin2-meta", "pl", "iso-8859-2", '<meta charset="ISO-8859-2">'),
    ("latin9-meta", "es", "iso-8859-15", '<meta charset="iso-8859-15">'),
    ("utf16-bom", "tr", "utf-16", ""),
    ("utf16-meta-lies", "de", "utf-16", '<meta charset="utf-8">'),
    ("sjis-meta", "ja", "cp932", '<meta charset="shift_jis">'),
    ("euc-jp-meta", "ja", "euc-jp", '<meta charset="EUC-JP">'),
    ("gbk-meta", "zh", "gb18030", '<meta charset="gbk">'),
    ("big5-meta", "tw", "big5", '<meta charset="big5">'),
    ("euc-kr-meta", "ko", "cp949", '<meta charset="euc-kr">'),
)  # fmt: skip
_TEXTS = (
    ("utf8", "pl", "utf-8"), ("utf8-bom", "de", "utf-8-sig"), ("utf16-le", "cs", "utf-16"), ("utf16-be", "ru", "utf-16-be"),
    ("cp1252", "fr", "cp1252"), ("cp1252-german", "de", "cp1252"), ("cp1251", "ru", "cp1251"), ("koi8-r", "ru", "koi8-r"),
    ("cp1250", "pl", "cp1250"), ("cp1253", "el", "cp1253"), ("sjis", "ja", "cp932"), ("euc-jp", "ja", "euc-jp"),
    ("gb18030", "zh", "gb18030"), ("big5", "tw", "big5"), ("euc-kr", "ko", "cp949"),
)  # fmt: skip


def samples() -> Iterator[Sample]:
    for name, language, coding, declared in _DECLARED:
        story = _story(language, coding)
        page = f"<!DOCTYPE html><html><head>{declared}<title>{escape(story[0].text)}</title></head><body>{_html(story)}</body></html>"  # type: ignore[union-attr]
        yield Sample(f"html/{name}.html", page.encode(coding), truth(story))
    yield from _pages()
    for name, language, coding in _TEXTS:
        yield _text(name, language, coding)
    yield from _books()
    yield from _rich()


def _story(language: str, coding: str) -> Story:
    if language in _ASIAN:
        first, *rest = (part for part in _ASIAN[language].replace(". ", "。").split("。") if part)
        return [
            Head(first),
            *(Para(f"{text}。" if language != "ko" else f"{text}.") for text in rest),
            Grid((("A", "B"), (first[:4], "12"))),
        ]
    teller = Teller(language, 600 + len(coding))
    story = teller.story(2)
    if coding in {"cp1252", "utf-8", "utf-16"} and language in {"fr", "de"}:
        # Only in the part where Windows-1252 and Latin-1 differ.
        story.append(Para("Prix : 5 € – “café” Ÿ, ‘Œuvre’ — 12 ‰…"))
    if coding == "iso-8859-15":
        story.append(Para("5 € para Œuvre, Žofín y Ÿ 8"))
    return story


def _html(story: Story) -> str:
    parts = []
    for block in story:
        match block:
            case Head():
                parts.append(f"<h{block.level}>{escape(block.text)}</h{block.level}>")
            case Para():
                parts.append(f"<p>{escape(block.text)}</p>")
            case Items():
                parts.append(f"<ul>{''.join(f'<li>{escape(text)}</li>' for _, text in block.items)}</ul>")
            case Grid():
                head, *rows = block.rows
                body = "".join(
                    f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
                )
                parts.append(
                    f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>{body}</table>"
                )
    return "\n".join(parts)


def _pages() -> Iterator[Sample]:
    body = "<h1>Pr&eacute;face &amp; plan</h1><p>5 &euro; &ndash; &ldquo;caf&eacute;&rdquo; &#8230; &#x152;uvre 17</p><pre>a  b 21\n  c 22</pre>"
    body += "<script>var lost = 99;</script><style>p {color: red}</style><!-- gone 98 -->"
    known = Truth(
        "Préface & plan\n5 € – “café” … Œuvre 17\na b 21\nc 22",
        ("Préface & plan",),
        absent=("lost = 99", "gone 98", "color: red"),
    )
    yield Sample("html/entities.html", f"<html><body>{body}</body></html>".encode(), known)
    rows = "<tr><th rowspan=2>Region</th><th colspan=2>Sales</th></tr><tr><th>2023</th><th>2024</th></tr><tr><td>North|East</td><td>12</td><td>15</td></tr>"
    script = Script()
    script.heading("Sales by region")
    script.table([("Region", "Sales", ""), ("", "2023", "2024"), ("North|East", "12", "15")])
    yield Sample(
        "html/spans.html",
        f"<h1>Sales by region</h1><table>{rows}</table>".encode(),
        script.truth(allowed="Region Sales"),
    )
    declared = '<?xml version="1.0" encoding="iso-8859-2"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
    text = f"{declared}<body><h1>Źródła</h1><p>Żółta łódź 14</p></body></html>"
    yield Sample(
        "html/xhtml-latin2.html",
        text.encode("iso-8859-2"),
        Truth("Źródła\nŻółta łódź 14", ("Źródła",), allowed="x"),
    )


def _text(name: str, language: str, coding: str) -> Sample:
    if language in _ASIAN:
        content = _ASIAN[language].replace("。", "。\n")
    else:
        teller = Teller(language, 630 + len(name))
        content = "\n\n".join(teller.paragraph(3).text for _ in range(5)) + "\n"
    data = content.encode(coding)
    data = b"\xfe\xff" + data if coding == "utf-16-be" else data
    return Sample(f"text/{name}.txt", data, Truth(content))


def _books() -> Iterator[Sample]:
    for language in ("en", "fr", "ru"):
        story: list[Block] = [*Teller(language, 650).story(4), *(TYPOGRAPHY if language == "fr" else ())]
        yield Sample(f"epub/book-{language}.epub", epub([story[:4], story[4:]]), truth(story))
    story = Teller("de", 651).story(2)
    known = truth([*story, Head("Ende"), Para("Kapitel 9 ist da.")])
    chapters: list[Story] = [
        story,
        [Head("Verloren"), Para("Kapitel 8 fehlt.")],
        [Head("Ende"), Para("Kapitel 9 ist da.")],
    ]
    missing = Truth(known.text, known.headings, known.tables, outcomes=(PARTIAL,), named=("chapter2",))
    yield Sample("epub/missing-chapter.epub", epub(chapters, missing=[2]), missing)
    order: list[Story] = [[Head(f"Part {at}"), Para(f"Content {at * 37}")] for at in (3, 1, 2)]
    yield Sample(
        "epub/spine-order.epub",
        epub(order, names=[3, 1, 2]),
        truth([block for chapter in order for block in chapter]),
    )


def epub(chapters: list[Story], *, missing: list[int] | None = None, names: list[int] | None = None) -> bytes:
    numbers = names or list(range(1, len(chapters) + 1))
    items = "".join(
        f'<item id="c{at}" href="chapter{at}.xhtml" media-type="application/xhtml+xml"/>'
        for at in sorted(numbers)
    )
    spine = "".join(f'<itemref idref="c{at}"/>' for at in numbers)
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    book = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:identifier id="i">made</dc:identifier><dc:title>Made</dc:title><dc:language>en</dc:language></metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": xml(container),
        "book.opf": xml(book),
    }
    for number, story in zip(numbers, chapters, strict=True):
        if number not in (missing or []):
            page = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>c</title></head><body>{_html(story)}</body></html>'
            members[f"chapter{number}.xhtml"] = xml(page)
    return zipped(members, stored=("mimetype",))


def _rich() -> Iterator[Sample]:
    for language in ("en", "fr", "pl", "ru"):
        teller = Teller(language, 660)
        texts = [teller.paragraph(2).text for _ in range(4)] + (
            [block.text for block in TYPOGRAPHY[1:]] if language == "fr" else []
        )
        body = "".join(f"\\pard {_rtf(text)}\\par\n" for text in texts)
        yield Sample(
            f"rtf/letter-{language}.rtf",
            f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0 Arial;}}}}\\f0 {body}}}".encode(),
            Truth("\n".join(texts)),
        )
    rows = [("Item", "Sum"), ("Bolt – M4", "12.50"), ("Größe", "9")]
    cells = ""
    for row in rows:
        inner = "".join("\\pard\\intbl " + _rtf(cell) + "\\cell " for cell in row)
        cells += "\\trowd\\cellx3000\\cellx6000 " + inner + "\\row\n"
    script = Script()
    script.add("List 7")
    script.table(rows)
    yield Sample(
        "rtf/table.rtf",
        ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 \\pard List 7\\par\n" + cells + "}").encode(),
        script.truth(),
    )
    yield _rich_bytes()
    yield _markdown()


def _rich_bytes() -> Sample:
    """Letters as bytes of Windows-1252, a negative number for a character, and a group that is no text."""
    body = r"Caf\'e9 \u8211? 12 {\b bold} \'93quoted\'94 5 \'80 \u-3913? end {\*\generator hidden 99;}"
    data = (
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 \\pard " + body + "\\par}"
    ).encode()
    return Sample(
        "rtf/bytes.rtf",
        data,
        Truth("Café – 12 bold “quoted” 5 €", allowed="end \uf0b7", absent=("hidden 99",)),
    )


def _markdown() -> Sample:
    """Markdown stays what it is."""
    text = "# Größen\n\nText with *stress*, `code 11` and [link](https://example.org/a_b).\n\n| A | B |\n|---|---|\n| 1 | 2–3 |\n\n1. one 12\n2. two 13\n\n> quoted 14\n"
    script = Script()
    script.heading("Größen")
    script.add("Text with stress, code 11 and link.")
    script.table([("A", "B"), ("1", "2–3")])
    script.add("one 12", "two 13", "quoted 14")
    return Sample("md/notes.md", text.encode(), script.truth(allowed="1 2 1. 2. https://example.org/a_b"))


def _rtf(text: str) -> str:
    def sign(character: str) -> str:
        if character in "\\{}":
            return f"\\{character}"
        return character if character.isascii() else f"\\u{ord(character)}?"

    return "".join(map(sign, text))
