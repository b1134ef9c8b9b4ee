"""Files packed into objects are taken out, with their names; other objects stay what they are."""

import struct

import pytest

from docbatch.providers.local.flow.packed_object import unpacked
from tests.providers.local.office_specimens import WORD, docx, paragraph, read
from tests.providers.local.outlook_files import compound


def packed(name: str, content: bytes) -> bytes:
    inner = struct.pack("<H", 2) + name.encode() + b"\0C:\\x\0" + struct.pack("<HHI", 0, 3, 4) + b"tmp\0"
    inner += struct.pack("<I", len(content)) + content
    return compound({"\x01Ole10Native": struct.pack("<I", len(inner)) + inner})


def test_a_file_packed_into_a_word_document_is_an_attachment() -> None:
    data = docx(paragraph("see"), {"oleObject:embeddings/o.bin": packed("list.csv", b"a,b\n1,2\n")})
    assert [(each["name"], each["text"]) for each in read(data, WORD).attachments] == [
        ("list.csv", "a\tb\n1\t2")
    ]


def test_an_object_that_is_not_read_is_named() -> None:
    document = read(
        docx(paragraph("see"), {"oleObject:embeddings/o.bin": compound({"Equation Native": b"x"})}), WORD
    )
    assert document.lost == ["attachment o.bin: files of type application/x-ole-storage are not read"]


@pytest.mark.parametrize(
    "data",
    [
        b"no object",
        compound({"other": b"x"}),
        packed("a", b"content")[:-520],
        compound({"\x01Ole10Native": b"\0" * 8}),
    ],
)
def test_what_is_no_packed_file_stays_as_it_is(data: bytes) -> None:
    assert unpacked("o.bin", data) == ("o.bin", data)


def test_a_document_kept_whole_is_taken_out() -> None:
    assert unpacked("o.bin", compound({"CONTENTS": b"%PDF-1.4"})) == ("o.bin", b"%PDF-1.4")
