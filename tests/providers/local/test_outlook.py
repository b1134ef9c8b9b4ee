"""Mails of Outlook: the same as any mail."""

import random
import struct
from datetime import UTC, datetime

import pytest

from docbatch.core.models import Failure
from docbatch.media import packed_rich_text
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.mail.outlook_engine import OutlookEngine
from tests.providers.local import outlook_files as msg
from tests.providers.local import specimens

SENT = msg.ticks(datetime(2026, 11, 2, 10, 0, tzinfo=UTC))
HEAD = {
    **msg.text(0x0037, "Größe"),
    **msg.text(0x0C1A, "Anna"),
    **msg.text(0x5D01, "a@example.org"),
    **msg.recipient(0, 1, "Bo", "b@example.org"),
    **msg.recipient(1, 2, "c@example.org", "c@example.org"),
}
SHOWN = "**Subject:** Größe  \n**From:** Anna \\<a@example.org>  \n**To:** Bo \\<b@example.org>  \n**Cc:** c@example.org  \n**Date:** 2026-11-02 10:00:00 UTC"


def tree(*more: msg.Tree, head: int = 32, **numbers: int) -> dict[str, "bytes | msg.Tree"]:
    keys = {0x0039: SENT, **{int(key[1:], 16): value for key, value in numbers.items()}}
    made: dict[str, bytes | msg.Tree] = {"__properties_version1.0": msg.properties(head, keys), **HEAD}
    for each in more:
        made |= each
    return made


def read(data: bytes) -> Parsed:
    parsed = OutlookEngine().extract(data, "application/vnd.ms-outlook", Options(ocr="off"))
    assert not isinstance(parsed, Failure)
    return parsed


def body(*more: msg.Tree, **numbers: int) -> str:
    said = read(msg.compound(tree(*more, **numbers))).markdown or ""
    assert said.startswith(SHOWN)
    return said.removeprefix(SHOWN).strip("\n")


def test_head_and_lines_are_those_of_the_mail() -> None:
    assert (
        body(msg.text(0x1000, "Hello,\r\n\r\n> quoted\r\n- one\r\n- two\r\n"))
        == "Hello,\n\n> quoted\n\n- one\n- two"
    )


@pytest.mark.parametrize(("page", "charset"), [(1251, "cp1251"), (20866, "koi8-r"), (65001, "utf-8")])
def test_narrow_text_is_read_in_its_code_page(page: int, charset: str) -> None:
    text = "Договор был подписан в среду"
    assert body(msg.narrow(0x1000, text.encode(charset)), x3FFD=page) == text
    assert body(msg.binary(0x1013, f"<h2>{text}</h2>".encode(charset)), x3FDE=page) == f"## {text}"


def test_the_page_is_shown_where_it_says_more() -> None:
    page = msg.binary(0x1013, b"<p>Sum<p>and 7")
    assert body(msg.text(0x1000, "Sum"), page) == "Sum\n\nand 7"


def test_files_and_mails_inside_are_documents_of_their_own() -> None:
    inner = tree(msg.text(0x1000, "Inner text"), msg.attachment(0, "in.csv", b"a,b\n1,2\n"), head=24)
    outer = tree(
        msg.text(0x1000, "Outer text"),
        msg.attachment(0, "plan.docx", specimens.docx()),
        msg.attachment(1, "", inner),
        msg.attachment(2, "a.zip", specimens.zipped({"a": "b"})),
        msg.attachment(3, "gone.txt", None),
        msg.attachment(4, "object", {"x": b"y"}),
    )
    parsed = read(msg.compound(outer))

    assert [each["name"] for each in parsed.attachments] == [
        "plan.docx",
        "Größe",
        "a.zip",
        "gone.txt",
        "object",
    ]
    assert parsed.attachments[1]["attachments"][0]["name"] == "in.csv"
    assert "Outer text\n\n## Attachment: plan.docx\n\n# Report" in (parsed.markdown or "")
    assert "Inner text\n\n## Attachment: in.csv\n\n| a | b |" in (parsed.markdown or "")
    assert [each.partition(": ")[0] for each in parsed.lost] == [
        "attachment a.zip",
        "attachment gone.txt",
        "attachment object",
    ]


PACKED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c0900206277 05b06c647d0a800fa0".replace(
        " ", ""
    )
)


def test_packed_rich_text_is_read_where_there_is_no_other() -> None:
    assert packed_rich_text.unpacked(PACKED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert body(msg.binary(0x1009, PACKED)) == "hello world"
    assert body(msg.binary(0x1009, PACKED), msg.text(0x1000, "plain")) == "plain"
    assert read(msg.compound(tree(msg.binary(0x1009, b"x" * 20)))).lost


def plain_rich(content: bytes) -> bytes:
    return struct.pack("<4I", len(content) + 12, len(content), 0x414C454D, 0) + content


def test_rich_text_keeps_its_tables_and_looks_and_plain_text_in_it_its_quotes() -> None:
    rich = rb"{\rtf1 {\b bold} words\par\trowd\cellx1\cellx2\intbl one\cell two\cell\row}"
    shown = body(msg.binary(0x1009, plain_rich(rich)))
    assert shown.split("\n\n") == ["**bold** words", "| one | two |\n| --- | --- |"]
    plain = rb"{\rtf1\ansi\fromtext > quoted\par answer\par}"
    assert body(msg.binary(0x1009, plain_rich(plain))) == "> quoted\n\nanswer"


def test_a_broken_file_is_corrupt_and_ends() -> None:
    whole = msg.compound(tree(msg.text(0x1000, "x" * 5000)))
    dice = random.Random(4)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(8):
            data[dice.randrange(30, len(data))] = dice.randrange(256)
        outcome = OutlookEngine().extract(
            bytes(data[: dice.randrange(40, len(data))]), "", Options(ocr="off")
        )
        assert isinstance(outcome, Failure | Parsed)


def test_they_are_read_by_this_engine_first() -> None:
    assert engines.route("application/vnd.ms-outlook", Options()) == ("outlook", "xberg")
