"""Pages: all that a reader sees of them, in their order."""

import pytest

from docbatch.core.models import Failure
from docbatch.core.results import Block
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.text import html_blocks, html_engine
from docbatch.providers.local.text.html_engine import HtmlEngine


def read(page: str | bytes, options: Options | None = None) -> Parsed:
    data = page if isinstance(page, bytes) else page.encode()
    parsed = HtmlEngine().extract(data, "text/html", options or Options())
    assert not isinstance(parsed, Failure)
    for block in parsed.blocks:
        Block.model_validate(block)
    return parsed


def markdown(page: str | bytes) -> str:
    said = read(page).markdown
    assert said is not None
    return said


def text(page: str) -> str:
    return blocks.text(read(page).blocks)


def cells(table: Json) -> list[tuple[int, int, int, int, str]]:
    return [
        (cell["row"], cell["column"], cell.get("row_span", 1), cell.get("column_span", 1), cell["text"])
        for cell in table["cells"]
    ]


SEEN = [
    ("<h2>A <em>b</em></h2><p>c", "## A *b*\n\nc"),
    ("<p>a<p>b<div>c<p>d</div>e", "a\n\nb\n\nc\n\nd\n\ne"),
    ("<p>un<b>believ</b>able <i> x </i>y", "un**believ**able *x* y"),
    ("<p>a<br><br>b", "a\n\nb"),
    ("<h1><div>A</div> <span>b</span></h1>c", "# A b\n\nc"),
    ("<h1>a</p>b</h1><h2><ul><li>c</ul></h2>", "# a b\n\n- c"),
    ("<li>a<li>b", "- a\n- b"),
    ("<object>a</object><video>b</video><meter>4/5</meter><output>7</output>", "a b 4/5 7"),
    ("<p>a<br>b<hr>c", "a  \nb\n\n---\n\nc"),
    ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>", "- a\n  - b\n  - c\n- d"),
    ("<ol start=9><li>a<li value=3>b<li>c</ol>", "9. a\n3. b\n4. c"),
    ("<ol type=a><li>x<li>y</ol>", "- a. x\n- b. y"),
    ("<ol type=I><li>x<li>y</ol>", "- I. x\n- II. y"),
    ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
    ("<ol><li><p>a</p><p>b</p><pre>c</pre></ol>", "1. a\n\n   b\n\n   ```\n   c\n   ```"),
    ("<dl><dt>T<dd>m<dd>n</dl>", "T\n: m\n: n"),
    ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
    ("<pre>\na\n  <b>b</b> <i>*</i>\n</pre>", "```\na\n  b *\n```"),
    ("<pre>```</pre>", "````\n```\n````"),
    ("<p>use <code>a`b</code> <kbd>C</kbd>", "use `` a`b `` `C`"),
    ("<p><a href='x y.html'>t</a> <a>u</a> <a href='#'></a>", "[t](x%20y.html) u"),
    ("<a href=u><h3>t</h3><p>v</p></a>", "### [t](u)\n\n[v](u)"),
    ("<p>10<sup>6</sup> H<sub>2</sub>O 1<sup>st</sup>", "10⁶ H2O 1st"),
    ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby> <q>a</q>", "漢(kan) “a”"),
    ("<p>&lt;b&gt; &amp;lt; a &lt; b *x* 2 * 3 __y__ a_b `c`", "\\<b> \\&lt; a < b \\*x\\* 2 * 3 \\_\\_y\\_\\_ a_b \\`c\\`"),
    ("<p>1. x<p># y<p>- z", "1\\. x\n\n\\# y\n\n\\- z"),
    ("<img src=a.png alt='A cat'> sat", "A cat sat"),
    ("<label>Name <input value=VAL></label> <input type=checkbox checked>a <input type=radio>b", "Name VAL [x] a [ ] b"),
    ("<select><option>a<option selected>b</select> <select multiple><option>c<option selected>d</select>", "b [ ] c [x] d"),
    ("<textarea>T\n<b></textarea><button>Send</button><input type=submit value=Go>", "T  \n\\<b>  \nSend Go"),
    ("<input placeholder='Your name'><input type=hidden value=H><input type=password value=P>", "Your name"),
    ("<details><summary>S</summary>in</details>", "**S**\n\nin"),
    ("<noscript>n</noscript><iframe srcdoc='&lt;h1&gt;f&lt;/h1&gt;'></iframe>", "n\n\n# f"),
    ("<math><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math>", "x^2=1/2"),
    ("<svg><title>t</title><path/><text>a</text><text>b</text></svg>", "a b"),
    ("<nav>n</nav><header>h</header><main>m</main><aside>a</aside><footer>f</footer>", "n\n\nh\n\nm\n\na\n\nf"),
    ("<p>שלום <b>עולם</b> abc", "שלום **עולם** abc"),
    ("<p>a&nbsp;b &euro;&#146;&nothing; &#x1F600;", "a\xa0b €\u2019¬hing; 😀"),
    ("<frameset><frame><noframes>f</noframes></frameset>", "f"),
    ("<p>a<![CDATA[b]]>", "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "said"), SEEN)
def test_what_is_seen_is_said(page: str, said: str) -> None:
    assert markdown(page) == said


@pytest.mark.parametrize(
    "page",
    [
        "<p hidden>x</p>",
        "<div style='color: red; display : none'>x<p>x</div>",
        "<script>var a = '<p>x</p>'</script><style>x</style><template>x</template>",
        "<!-- x --><!-- <p>x</p> --!><!doctype html>",
        "<head><meta name=a content=x><script>x</head>",
        "<datalist><option>x</datalist>",
    ],
)
def test_what_is_not_seen_is_left_out(page: str) -> None:
    assert markdown(f"<p>a</p>{page}") == "a"


def test_text_is_the_page_in_its_order_without_markup() -> None:
    page = "<h1>A</h1><p>b <b>c</b> <a href=u>d</a><ul><li>e</ul><table><tr><td>f<td>g</table><pre>h</pre>"
    assert text(page) == "A\n\nb c d\n\n- e\n\nf\tg\n\nh"


def test_cells_that_span_stand_at_their_corner() -> None:
    page = "<table><caption>C</caption><thead><tr><th rowspan=2>R<th colspan=2>S<tr><th>1<th>2<tbody><tr><td>a|b<td>3<br>4<td>5</table>"

    assert markdown(page) == "C\n\n| R | S |  |\n| --- | --- | --- |\n|  | 1 | 2 |\n| a\\|b | 3<br>4 | 5 |"
    assert cells(read(page).tables[0]) == [
        (0, 0, 2, 1, "R"),
        (0, 1, 1, 2, "S"),
        (1, 1, 1, 1, "1"),
        (1, 2, 1, 1, "2"),
        (2, 0, 1, 1, "a|b"),
        (2, 1, 1, 1, "3\n4"),
        (2, 2, 1, 1, "5"),
    ]


def test_tables_that_only_place_things_are_read_as_what_they_hold() -> None:
    inner = "<table><tr><th>a<th>b<tr><td>1<td>2</table>"
    page = f"<table><tr><td><h1>T</h1><td>{inner}<tr><td><p>x<p>y</table>"

    assert markdown(page) == "# T\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nx\n\ny"


def test_columns_of_a_newsletter_are_no_table() -> None:
    column = "<table><tr><th><h2>Offer</h2><p>5 €</p><th></table>"
    page = f"<table><tr><td><table><tr><th>{column}<th>{column}</table></table>"

    assert markdown(page) == "## Offer\n\n5 €\n\n## Offer\n\n5 €"
    assert markdown("<table><tr><th>a<th>b</table>") == "| a | b |\n| --- | --- |"


def test_what_stands_wrongly_in_a_table_or_a_list_is_not_lost() -> None:
    assert markdown("<table>a<tr>b<td>c</td>d<td>e</table>") == "a b d\n\n| c | e |\n| --- | --- |"
    assert markdown("<ul>a<li>b</li><p>c</ul>") == "a\n\n- b\n\nc"


def test_words_that_no_block_holds_are_put_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(html_blocks._BLOCKS, "pre", lambda _element, _place: iter(()))
    parsed = read("<p>a<pre>b c</pre><p>d")

    assert parsed.markdown == "a\n\nd\n\nb c"
    assert parsed.warnings == ("mended: 2 words stood where none are looked for, and are put at the end",)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<title>T</title><p>a", "# T\n\na"),
        ("<title>T</title><h1>a</h1>", "T\n\n# a"),
        ("<title>Report  2024</title><h1>Report <i>2024</i></h1>", "# Report *2024*"),
    ],
)
def test_the_title_is_said_once(page: str, said: str) -> None:
    assert markdown(page) == said
    assert read(page).metadata["title"]


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("cp1252", "windows-1252"),
        ("cp1252", "latin1"),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-8", "iso-8859-1"),
        ("utf-8", ""),
        ("cp1252", ""),
    ],
)
def test_pages_are_read_in_their_charset(written: str, declared: str) -> None:
    head = f"<html><meta charset={declared or 'x'}><body>"
    assert markdown(f"{head}<p>Größe 5 €</p>".encode(written)) == "Größe 5 €"


def test_the_option_wins_over_the_page() -> None:
    page = "<meta charset=utf-8><p>Größe</p>".encode("cp850")
    assert read(page, Options(encoding="cp850")).markdown == "Größe"


def test_single_bytes_that_do_not_fit_make_a_page_partial() -> None:
    parsed = read("<meta charset=utf-8><p>Größe Œuvre".encode() + b"\xff</p>")
    assert parsed.lost == ("1 place not written in utf-8, the first at byte 37",)


def test_xhtml_elements_may_end_themselves() -> None:
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><div/><p>a</p></body></html>'
    assert markdown(page) == "a"


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 10_000 + "x",
        "<b><i>" * 10_000 + "x",
        "<ul><li>" * 10_000 + "x",
        "<table><tr><td>" * 5_000 + "x",
        "<blockquote>" * 10_000 + "x",
        "<iframe srcdoc='<iframe>'></iframe>" * 3_000 + "x",
        "<table>" + "<tr><td colspan=1000 rowspan=65000>x" * 2_000,
        "<!--" * 50_000 + "-->x",
        "<" * 200_000 + " x",
        "<a b='" * 50_000 + "'>x",
        "<p>" + " \n" * 200_000 + "x",
        "*`_]<&" * 50_000 + "x",
        "<select>" * 5_000 + "<option>x",
    ],
    ids=lambda page: page[:12],
)
def test_pages_made_to_hurt_are_read_all_the_same(page: str) -> None:
    assert "x" in markdown(page)


def test_pages_are_read_by_this_engine_first() -> None:
    assert engines.route("text/html", Options()) == ("html", "xberg")


@pytest.mark.parametrize(
    ("body", "is_lost"),
    [
        ("<div id=root></div><script>draw()</script>", True),
        ("<noscript>Please switch on JavaScript</noscript><div></div><script src=a.js></script>", True),
        ("<div>5</div><script>draw()</script>", False),
        ("<img src=a.png><script>draw()</script>", False),
        ("<div></div>", False),
    ],
)
def test_a_page_that_its_script_makes_is_partial(body: str, is_lost: bool) -> None:
    found = html_engine.page(f"<title>App</title><body>{body}</body>")
    assert found.lost == (
        ("the page is made by its script; what that shows was not read",) if is_lost else ()
    )


def test_a_small_table_in_a_cell_makes_the_table_around_it_no_layout() -> None:
    inner = "<table><tr><td>5<td>6</table>"
    rows = f"<tr><td>a<td>b<td>c<tr><td>1<td>2<td>3 {inner}"
    found = read(f"<table>{rows}</table>")
    assert [block["text"] for block in found.blocks] == ["a\tb\tc\n1\t2\t3 5\t6"]
    assert read(f"<table><tr><td>left {inner}<td>right</table>").blocks[0]["text"] == "left"
