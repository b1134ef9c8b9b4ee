import os
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.checkout import Checkout
from docbatch.specs.text import MAX_BYTES, read


def refusal(path: Path) -> str:
    with pytest.raises(SpecError) as refused:
        read(path, "a.yaml", Checkout(path.parent))
    return str(refused.value)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfname: a\n")
    assert read(tmp_path / "a.yaml", "a.yaml", Checkout(tmp_path)) == "name: a\n"


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * MAX_BYTES)
    assert len(read(tmp_path / "a.yaml", "a.yaml", Checkout(tmp_path))) == MAX_BYTES


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as stream:
        stream.truncate(100_000_000_000)
    assert refusal(tmp_path / "a.yaml").startswith(
        "a.yaml: the file is too large: 100,000,000,000 bytes, where 1,048,576 are allowed"
    )


def test_a_binary_file_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"%PDF-1.7\n\x00\x01")
    assert refusal(tmp_path / "a.yaml").startswith("a.yaml: this is a binary file: byte 0x00 at offset 9")


@pytest.mark.parametrize("content", ["name: Größe\n".encode("latin-1"), "name: a\n".encode("utf-16")])
def test_text_in_another_encoding_is_refused_with_its_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    assert refusal(tmp_path / "a.yaml") == "a.yaml:1: this is not UTF-8 text (save the file as UTF-8)"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "this is not a regular file" in refusal(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert "this is not a regular file" in refusal(tmp_path / "a.yaml")


def test_an_endless_device_is_refused() -> None:
    assert "this is not a regular file" in refusal(Path("/dev/zero"))


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("gone")
    assert "the file cannot be read: No such file or directory" in refusal(tmp_path / "a.yaml")
