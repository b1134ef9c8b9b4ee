"""JSON: names and values, none of them changed."""

import contextlib

from docbatch.core.results import Block
from docbatch.providers.local import blocks, engines
from docbatch.providers.local.engines import Options, Parsed


def read(data: bytes) -> Parsed:
    with contextlib.closing(engines.load("json")) as engine:
        found = engine.extract(data, "application/json", Options())
    assert isinstance(found, Parsed)
    for block in found.blocks:
        Block.model_validate(block)
    return found


def test_numbers_and_names_stand_as_they_are_written() -> None:
    found = read(
        b'{"id": 1.10, "id": 1e5, "long": 12345678901234567890, "a": [{"b": null}, "*s*", 3.50], "c": {}}'
    )
    assert [block["text"] for block in found.blocks] == [
        "id: 1.10", "id: 1e5", "long: 12345678901234567890", "a", "Item 1", "b: null", "- *s*", "- 3.50", "c",
    ]  # fmt: skip
    assert "# a\n\n## Item 1\n\nb: null\n\n- \\*s\\*\n- 3.50" in (found.markdown or "")


def test_values_may_follow_one_another() -> None:
    found = read(b'{"a": 1}\n{"a": 2}\n')
    assert blocks.text(found.blocks) == "a: 1\n\na: 2"
    assert (found.lost, found.warnings) == ((), ())


def test_what_is_no_json_is_read_as_text_and_said() -> None:
    found = read(b'{"a": 1')
    assert found.text == '{"a": 1'
    assert found.warnings[0].startswith("no JSON, read as plain text: ")


def test_what_is_nested_without_end_is_read() -> None:
    assert read(b"[" * 100_000).text == "[" * 100_000
    assert blocks.text(read(b'{"a": ' * 60 + b"7" + b"}" * 60).blocks).endswith("7")
