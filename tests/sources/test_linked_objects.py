"""References to versions of objects: what they are told apart by is frozen, since it decides what is paid again."""

import pytest

from docbatch.core.keys import item_key
from docbatch.core.models import FailureClass
from docbatch.naming.references import ObjectReference, decode_object
from docbatch.sources.content import ContentError
from docbatch.sources.linked_objects import measured, reference_to
from docbatch.sources.object_listing import dated_status
from docbatch.stores.object_store import ObjectFacts

REFERENCE = ObjectReference("s3://docs", "in/ä b.pdf", "v?1")
FACTS = ObjectFacts("in/ä b.pdf", 1234, '"abc"', "v?1", 1_700_000_000.0)
KEY = "9642e7d15be6536bf4e24bc56b1af9e95eac39f97233fe65262b8e18278663ac"


def test_a_reference_is_written_as_it_always_was() -> None:
    written = '{"object":{"key":"in/ä b.pdf","store":"s3://docs","version":"v?1"}}'.encode()

    assert REFERENCE.encode() == written
    assert decode_object(written) == REFERENCE


def test_the_key_of_a_version_is_frozen() -> None:
    now = measured(REFERENCE, FACTS)

    assert (now.media_type, now.size) == ("application/vnd.docbatch.object", 1234)
    assert item_key("r" * 64, now.media_type, now.digest) == KEY


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"url":"https://a"}', b'{"object":"a"}', b'{"object":{"key":"a"}}']
)
def test_what_is_no_reference_to_an_object_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"reference|Expecting"):
        decode_object(content)


def test_what_stands_for_a_link_holds_no_more_than_what_it_is_a_link_to() -> None:
    assert REFERENCE.shown == "s3://docs/in/%C3%A4%20b.pdf?versionId=v%3F1"


@pytest.mark.parametrize("version", [None, "null"])
def test_what_another_object_may_take_the_place_of_is_no_version(version: str | None) -> None:
    with pytest.raises(ContentError) as caught:
        reference_to("s3://docs", FACTS._replace(version=version))

    assert caught.value.failure.kind is FailureClass.UNSUPPORTED


def test_equal_bytes_that_are_written_again_have_another_status() -> None:
    once = dated_status(1, '"abc"', 1_700_000_000.0)

    assert dated_status(1, "abc", 1_700_000_000.4) == once
    assert dated_status(1, '"abc"', 1_700_000_001.0) != once
    assert dated_status(2, '"abc"', 1_700_000_000.0) != once
