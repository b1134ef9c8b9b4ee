"""Texts in Markdown: delivered as they are written, their blocks without marks."""

import contextlib

import pytest

from docbatch.core.results import Block
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Options, Parsed

_PAGE = """---
title: Facts
---

# Head #

Words **bold**, *it*, `a*b*c`, 2*3*4, a_b_c and [link](http://x.example "t")[^1] &amp; 10^6^.
Next line <b>tag</b> <br> after

[^1]: The note

Under
=====

1. one
   - [x] inner
2. two

| A | B \\| C |
|:--|--:|
| 1 | 2 |

> quoted

``` python
x = *y*
```

<!-- remark -->
***
"""


def read(data: bytes) -> Parsed:
    with contextlib.closing(engines.load("markdown")) as engine:
        found = engine.extract(data, "text/markdown", Options())
    assert isinstance(found, Parsed)
    for block in found.blocks:
        Block.model_validate(block)
    return found


def test_markdown_is_delivered_as_it_is() -> None:
    assert engines.route("text/markdown", Options()) == ("markdown",)
    found = read(b"\xef\xbb\xbf" + _PAGE.replace("\n", "\r\n").encode())
    assert found.markdown == _PAGE.strip()
    assert found.metadata == {"title": "Head"}


def test_blocks_say_it_without_marks() -> None:
    found = read(_PAGE.encode())
    assert [(block["kind"], block["text"]) for block in found.blocks] == [
        ("code", "title: Facts"),
        ("heading", "Head"),
        ("text", "Words bold, it, a*b*c, 2*3*4, a_b_c and link[^1] & 10^6^.\nNext line tag \n after"),
        ("text", "[^1]: The note"),
        ("heading", "Under"),
        ("list", "1. one"),
        ("list", "  - [x] inner"),
        ("list", "2. two"),
        ("table", "A\tB | C\n1\t2"),
        ("text", "quoted"),
        ("code", "x = *y*"),
    ]


@pytest.mark.parametrize("charset", ["cp1252", "utf-16-le"])
def test_it_is_read_in_its_charset(charset: str) -> None:
    assert blocks.text(read("# Größe\n\n5 €\n".encode(charset)).blocks) == "Größe\n\n5 €"


@pytest.mark.parametrize("mark", ["**a ", "[a", "`a", "<a ", "_a ", "| ", "~~a "])
def test_marks_without_end_take_no_time_beyond_their_length(mark: str) -> None:
    said = read((mark * 50_000).encode()).blocks
    assert sum(len(block["text"]) for block in said) > 10_000
