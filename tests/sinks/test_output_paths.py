import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.sinks.paths import NAME_LIMIT, UnsafeOutput, folded, output_path


@pytest.mark.parametrize(
    "rendered",
    ["a.md", "x/y/a b.md", "Größe.md", ".hidden/a", "console.md", "com10.txt", "a..b", ".gitignore"],
)
def test_ordinary_paths_stay_as_they_are(rendered: str) -> None:
    assert output_path(rendered) == rendered.encode()


@pytest.mark.parametrize(
    ("rendered", "why"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("../x", 'a part ".."'),
        ("a/../../x", 'a part ".."'),
        ("a/./b", 'a part "."'),
        ("a//b", "an empty part"),
        ("a/", "an empty part"),
        ("a\x00b", "NUL"),
        (".docbatch/state.db", "docbatch's own folder"),
        (".DocBatch/state.db", "docbatch's own folder"),
        ("x/.doc\u200bbatch/state.db", "docbatch's own folder"),
        (".docbatch./x", "docbatch's own folder"),
        ("a\ud800", "not valid text"),
    ],
)
def test_paths_that_leave_the_root_are_refused(rendered: str, why: str) -> None:
    with pytest.raises(UnsafeOutput, match=why):
        output_path(rendered)


@pytest.mark.parametrize(
    ("rendered", "safe"),
    [
        ("CON", "%43ON"),
        ("con.md", "%63on.md"),
        ("x/Lpt1.tar.gz", "x/%4Cpt1.tar.gz"),
        ("nul .md", "%6Eul .md"),
        ("a./b", "a%2E/b"),
        ("a ", "a%20"),
        ("a\nb.md", "a%0Ab.md"),
        (".docbatch-1-2.tmp", "%2Edocbatch-1-2.tmp"),
        (".docbatch-projects", "%2Edocbatch-projects"),
        (".git/hooks/post-checkout", "%2Egit/hooks/post-checkout"),
        ("x/.GIT/config", "x/%2EGIT/config"),
        (".g\u200cit/config", "%2Eg\u200cit/config"),
    ],
)
def test_names_with_a_meaning_of_their_own_are_escaped(rendered: str, safe: str) -> None:
    assert output_path(rendered) == safe.encode()


def test_a_long_name_is_shortened_and_keeps_its_suffix() -> None:
    name = output_path("é" * 200 + ".md")

    assert len(name) <= NAME_LIMIT
    assert name.decode().startswith("éééé")
    assert name.endswith(b".md")


def test_long_names_that_differ_at_the_end_stay_distinct() -> None:
    assert output_path("a" * 300 + "1.md") != output_path("a" * 300 + "2.md")


@given(st.text(st.sampled_from("aC.oOnN1/ \n~é%"), max_size=12) | st.text(max_size=600))
def test_whatever_is_accepted_names_a_file_below_the_root(rendered: str) -> None:
    try:
        parts = output_path(rendered).split(b"/")
    except UnsafeOutput:
        return
    assert all(0 < len(part) <= NAME_LIMIT and part not in {b".", b".."} for part in parts)
    assert all(b"\x00" not in part and not part.endswith((b".", b" ")) for part in parts)


@pytest.mark.parametrize(
    ("one", "other"), [("A.pdf", "a.pdf"), ("STRASSE", "straße"), ("é", "e\u0301"), ("É", "e\u0301")]
)
def test_names_a_file_system_may_confuse_have_one_key(one: str, other: str) -> None:
    assert folded(one.encode()) == folded(other.encode())


def test_other_names_have_other_keys() -> None:
    assert folded(b"x/a.pdf") != folded(b"y/a.pdf")
    assert folded(b"a\xff") != folded(b"a\xfe")


@given(st.text())
def test_the_key_is_blind_to_normalisation_and_fits_a_column(text: str) -> None:
    text = text.encode(errors="replace").decode()
    key = folded(unicodedata.normalize("NFC", text).encode())

    assert key == folded(unicodedata.normalize("NFD", text).encode())
    assert -(2**63) <= key < 2**63
