import datetime as dt
import json
import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from docbatch.core.results import Block, DocumentInfo, Page, ProviderInfo, Result
from docbatch.sinks.formats import encoded, json_value, line

DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
URL = "https://b.s3.amazonaws.com/page.png?X-Amz-Signature=5ec2e7"


@dataclass
class Answered:
    body: str = "body"
    raw: Any = None
    pages: tuple[Page, ...] = field(default=())
    is_partial: bool = False
    credits: float | None = None

    def markdown(self) -> str:
        return f"# {self.body}"

    def text(self) -> str:
        return self.body

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="succeeded",
            document=document,
            provider=ProviderInfo(type="fake", operation="parse"),
            markdown=self.markdown(),
            text=self.text(),
            pages=self.pages,
            raw=self.raw,
        )


def _pages(number: int) -> tuple[Page, ...]:
    box = (0.0, 1.5, 2.0, 3.0)
    return tuple(
        Page(number=n, text="x", blocks=(Block(kind="text", text="é", bbox=box),))
        for n in range(1, number + 1)
    )


@pytest.mark.parametrize(("body", "content"), [("body", b"body\n"), ("body\n", b"body\n"), ("", b"")])
def test_text_ends_with_a_line_break(body: str, content: bytes) -> None:
    assert encoded(Answered(body), DOCUMENT, "text") == content


def test_markdown_is_the_answer_s_markdown() -> None:
    assert encoded(Answered("Größe"), DOCUMENT, "markdown") == "# Größe\n".encode()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_json_is_the_normalised_result(number: int) -> None:
    answer = Answered(pages=_pages(number), raw={"any": [1, None]})

    assert Result.model_validate_json(encoded(answer, DOCUMENT, "json")) == answer.result(DOCUMENT)


def test_json_has_one_member_and_one_page_a_line() -> None:
    lines = encoded(Answered(pages=_pages(2)), DOCUMENT, "json").decode().splitlines()

    assert [text[:9] for text in lines if text.startswith('{"number"')] == ['{"number"'] * 2
    assert len(lines) == len(Result.model_fields) + 2 + 2 + 1


def test_a_line_and_a_file_hold_the_same() -> None:
    answer = Answered(pages=_pages(2), raw={"a": 1})

    assert json.loads(line(answer.result(DOCUMENT))) == json.loads(encoded(answer, DOCUMENT, "json"))


EVERYTHING = {
    "day": dt.datetime(2024, 5, 6, tzinfo=dt.UTC), "span": dt.timedelta(days=1), "bytes": b"x", "set": {1},
    "numbers": [10**30, 1e22, 1e-7, -0.0, math.nan, math.inf, True, None], "keys": {1: 1, None: 2, 1.5: 3}, "end": "\u2028\x85",
}  # fmt: skip


@pytest.mark.parametrize("metadata", [{}, EVERYTHING, {"half": "\ud83d"}], ids=["none", "all", "half"])
@pytest.mark.parametrize("raw", [None, {"image": URL, "number": math.nan}], ids=["no raw", "raw"])
def test_a_line_is_its_members_one_by_one(metadata: dict[str, Any], raw: Any) -> None:
    result = Answered(f"é {URL}", pages=_pages(2), raw=raw).result(DOCUMENT)
    result = result.model_copy(update={"metadata": metadata})
    values = [(name, json_value(getattr(result, name))) for name in Result.model_fields]
    members = b",".join(f'"{name}":'.encode() + value for name, value in values if name != "raw")
    cut = json_value(raw).replace(URL.partition("?")[2].encode(), b"").replace(b"?", b"")
    expected = b'{%s,"raw":%s}\n' % (members, cut)

    assert line(result) == expected.replace("\u2028".encode(), b"\\u2028").replace(
        "\x85".encode(), b"\\u0085"
    )


def test_presigned_urls_are_cut_in_raw_only() -> None:
    written = json.loads(encoded(Answered(URL, raw={"image": URL}), DOCUMENT, "json"))

    assert written["raw"] == {"image": "https://b.s3.amazonaws.com/page.png"}
    assert written["text"] == URL


def test_what_utf8_cannot_carry_is_escaped_in_json() -> None:
    assert json.loads(json_value({"half": "\ud83d"})) == {"half": "\ud83d"}


def test_not_a_number_is_null() -> None:
    assert json_value([float("nan")]) == b"[null]"


def test_an_answer_nested_too_deeply_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(ValueError, match="nested too deeply"):
        json_value(deep)
    while deep:
        deep = deep[0]
