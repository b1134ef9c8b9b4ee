import runpy
from pathlib import Path

from tests.docs.pages import ROOT


def test_what_is_wrong_with_a_built_site_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script src="https://elsewhere.example/x.js"></script><a href="b.html#there">b</a>'
        '<a href="https://example.org">out</a><a href="b.html#gone">b</a><a href="c.html">c</a><a href="#here" id="here">a</a>'
    )
    (tmp_path / "b.html").write_text('<h1 id="there">b</h1><img src="data:image/png;base64,AA==">')
    (tmp_path / "style.css").write_text(
        '@import "https://elsewhere.example/font.css"; a {background: url(b.png)}'
    )

    assert list(runpy.run_path(str(ROOT / "script" / "built_site.py"))["faults"](tmp_path)) == [
        "a.html: loads https://elsewhere.example/x.js",
        "a.html: b.html#gone leads nowhere",
        "a.html: c.html leads nowhere",
        "style.css: loads https://elsewhere.example/font.css",
    ]
