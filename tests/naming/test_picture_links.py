import pytest

from docbatch.naming.picture_links import told, without_lost_pictures

SIGNED = "https://b.s3.amazonaws.com/a.png?X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize(
    ("markdown", "without"),
    [
        ("a ![a chart](img_p0_1.png) b", "a a chart b"),
        ("![](../../etc/passwd)", ""),
        ('![x](<a b.png> "title")', "x"),
        (f"![x]({SIGNED})", "x"),
        ("![a \\] b](cid:1)", "a \\] b"),
        ("![x](file:///a.png) ![y](a(1).png)", "x y"),
        ('<img src="a.png" alt="a &amp; b" width=3>', "a &amp; b"),
        ("<IMG src=a.png>", ""),
        ("[![x](a.png)](https://y.org)", "[x](https://y.org)"),
        ("```\n![x](a.png)\n```\n![x](a.png)", "```\n![x](a.png)\n```\nx"),
        ("~~~\n```\n![x](a.png)\n~~~\n![x](a.png)", "~~~\n```\n![x](a.png)\n~~~\nx"),
    ],
)
def test_a_picture_that_is_not_there_is_its_words(markdown: str, without: str) -> None:
    assert without_lost_pictures(markdown)[0] == without


@pytest.mark.parametrize(
    "markdown",
    [
        "![x](https://x.org/a.png?token=1)",
        "![x](data:image/png;base64,AAAA)",
        '<img alt="x" src="https://x.org/a.png">',
        "[x](a.png) a!b [c] ![d] ![e](",
        "<image src=a.png>",
    ],
)
def test_everything_else_stays(markdown: str) -> None:
    assert without_lost_pictures(markdown) == (markdown, 0)


def test_what_is_lost_is_told() -> None:
    assert list(told(0)) == []
    assert ["1 picture that" in next(told(1)), "2 pictures that" in next(told(2))] == [True, True]
