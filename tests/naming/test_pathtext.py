import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.naming.pathtext import escape, unescape


@pytest.mark.parametrize("path", ["inbox/plain.pdf", "Größe/№ 5.pdf", "100%.pdf", "my%20file.pdf", "a\nb"])
def test_ordinary_names_stay_as_they_are(path: str) -> None:
    assert escape(path.encode()) == path


def test_bytes_that_are_not_utf8_become_percent_escapes() -> None:
    assert escape(b"caf\xe9.pdf") == "caf%E9.pdf"


def test_a_name_that_reads_like_an_escape_is_told_apart() -> None:
    assert escape(b"caf%E9.pdf") == "caf%25E9.pdf"


_PIECES = st.sampled_from(
    [b"%", b"2", b"5", b"25", b"E9", b"C3", b"A9", b"\xe9", b"\xc3", b"\xa9", b"a", b"/"]
)


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_every_name_comes_back_from_its_text(path: bytes) -> None:
    assert unescape(escape(path)) == path


@given(st.binary())
def test_the_text_is_valid_utf8(path: bytes) -> None:
    assert escape(path).encode().decode() == escape(path)
