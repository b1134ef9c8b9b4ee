from itertools import pairwise

import bracex
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from wcmatch import glob

from docbatch.sources.globs import MAX_PATTERNS, compile_globs, variants
from tests.steps import calls

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FLAGS = glob.GLOBSTAR | glob.BRACE | glob.CASE | glob.FORCEUNIX

names = st.text(alphabet="ab.\né", min_size=1, max_size=4).filter(
    lambda name: name.rstrip("\n") not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
pieces = st.sampled_from(["a", "b", ".", "é", "*", "?", "[ab]", "[!a]", "{a,b}", "{,.b}", "\\*", "\n"])
segments = st.one_of(st.just("**"), st.lists(pieces, min_size=1, max_size=4).map("".join))
patterns = st.lists(segments, min_size=1, max_size=4).map("/".join)


def comparable(pattern: str) -> bool:
    """Leave out what is refused, and what means more here than to wcmatch: ".", "//" and a final "/"."""
    try:
        compile_globs([pattern])
    except ValueError:
        return False
    expanded = bracex.expand(pattern, keep_escapes=True, return_empty=True)
    return not any({"", "."} & set(each.split("/")) or "***" in each for each in expanded)


@patient
@given(patterns.filter(comparable), paths, st.booleans())
@example("inbox/**/*.{a,b}", "inbox/x/y.b", False)
@example("**/*", "a/.b/c", False)
def test_selects_what_wcmatch_selects(pattern: str, path: str, hidden: bool) -> None:
    expected = glob.globmatch(path, pattern, flags=FLAGS | (glob.DOTGLOB if hidden else 0))
    assert compile_globs([pattern], hidden=hidden)(path.encode()) == expected


@patient
@given(patterns.filter(comparable), patterns.filter(comparable), paths)
def test_excludes_what_wcmatch_selects_hidden_or_not(include: str, exclude: str, path: str) -> None:
    selected = compile_globs([include], [exclude])(path.encode())
    included = glob.globmatch(path, include, flags=FLAGS)
    excluded = glob.globmatch(path, exclude, flags=FLAGS | glob.DOTGLOB)
    assert selected == (included and not excluded)


@patient
@given(st.lists(patterns.filter(comparable), min_size=1, max_size=3), paths)
def test_every_selected_path_lies_below_the_prefix(include: list[str], path: str) -> None:
    globs = compile_globs(include)
    assert path.encode().startswith(globs.prefix) or not globs(path.encode())


@pytest.mark.parametrize(
    ("include", "prefix"),
    [
        (["inbox/**/*.pdf"], b"inbox/"),
        (["in/a/*.pdf", "in/b/*.pdf"], b"in/"),
        (["**/*.pdf"], b""),
        (["in/*.pdf", "**/*.pdf"], b""),
        (["in/a.pdf"], b"in/"),
    ],
)
def test_prefix_is_the_literal_folder_shared_by_all(include: list[str], prefix: bytes) -> None:
    assert compile_globs(include).prefix == prefix


@pytest.mark.parametrize("spelling", ["./inbox/*.pdf", "inbox//*.pdf", "inbox/./*.pdf", "inbox\\/*.pdf"])
def test_spellings_of_one_pattern_are_equal(spelling: str) -> None:
    assert compile_globs([spelling])(b"inbox/a.pdf")


@pytest.mark.parametrize("pattern", ["inbox/", "inbox/**", "inbox/**/"])
def test_a_folder_means_everything_below_it(pattern: str) -> None:
    globs = compile_globs([pattern])
    assert globs(b"inbox/a.pdf")
    assert globs(b"inbox/deep/a.pdf")
    assert not globs(b"inbox")
    assert not globs(b"other/a.pdf")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty"),
        ("/srv/*.pdf", "absolute"),
        ("../*.pdf", "leaves"),
        ("inbox/../*.pdf", "leaves"),
        ("{a,..}/b", "leaves"),
        ("./.", "names no file"),
        ("a" * 2000, "longer"),
        ("{1..99999999}.pdf", "expands"),
        ("{a,b}" * 40, "expands"),
        ("{" * 900, "expands"),
        ("**/a/" * 30 + "b", "once is enough"),
        ("a/" * 200 + "b", "folders"),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_globs([pattern])


def test_the_bound_on_braces_counts_all_patterns() -> None:
    with pytest.raises(ValueError, match="more than"):
        compile_globs([f"{{1..{MAX_PATTERNS}}}", "b"])


def test_names_that_are_not_text_are_matched_as_bytes() -> None:
    globs = compile_globs(["caf?/*.pdf"])
    assert globs(b"caf\xe9/\xff\xfe.pdf")
    assert globs("café/a\nb.pdf".encode())
    assert not globs(b"caf\xe9/a.pdf\n")


def test_case_counts() -> None:
    assert not compile_globs(["*.pdf"])(b"A.PDF")


def test_the_state_folder_is_never_entered() -> None:
    globs = compile_globs(["**", ".docbatch/**"], hidden=True)
    assert not globs(b".docbatch/state.db")
    assert not globs(b"deep/.docbatch/state.db")


@pytest.mark.parametrize(
    ("include", "exclude", "folder", "entered"),
    [
        ("inbox/**/*.pdf", "x", b"out", False),
        ("inbox/**/*.pdf", "x", b"inbox", True),
        ("**/*.pdf", "x", b".git", False),
        ("**/*.pdf", "out/**", b"out", False),
        ("**/*.pdf", "**/out/**", b"out", False),
        ("**/*.pdf", "out/*", b"out", True),
        ("*.pdf", "x", b"inbox", False),
    ],
)
def test_folders_without_a_possible_match_are_not_entered(
    include: str, exclude: str, folder: bytes, entered: bool
) -> None:
    scope = compile_globs([include], [exclude]).start.enter(folder)
    assert (scope is not None) == entered


def test_patterns_made_to_backtrack_do_not() -> None:
    hostile = ["**/a/" * 20 + "b", "*a" * 100 + "*b", "?*" * 100 + "b"]
    globs = compile_globs(hostile)
    deep = b"/".join([b"a"] * 300)
    assert not globs(deep)
    assert not globs(b"a" * 250 + b"c")


def test_depth_costs_what_it_has_and_no_more() -> None:
    def work(depth: int) -> float:
        globs = compile_globs(["**/a/" * 20 + "b", "**/*a*/[a-c]/**/b*"])
        return calls(lambda: globs(b"/".join([b"a"] * depth))) / depth

    assert work(800) < 1.5 * work(200)


def test_many_patterns_select_what_each_of_them_does() -> None:
    many = [f"{head}*{tail}" for head in ("", "a", ".b") for tail in ("", "c", ".txt")] + [
        "d",
        "[x]?",
        "**/e*",
    ]
    names = [b"ac", b"a.txt", b".b.txt", b".bc", b"d", b"x1", b"y1", b"e1", b".e1", b"c", b"a", b"f.txt"]
    globs = compile_globs(many)
    assert globs.start.select(names) == [
        name for name in names if any(compile_globs([each])(name) for each in many)
    ]


def test_scopes_are_shared_between_folders_alike() -> None:
    scope = compile_globs(["**/*.pdf"]).start
    scopes = [scope := entered for name in (b"a", b"b", b"c") if (entered := scope.enter(name))]
    assert all(one is other for one, other in pairwise(scopes))


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("in/*.pdf", "in/*.PDF"),
        ("in/*.PDF", "in/*.pdf"),
        ("in/*.{pdf,docx}", "in/*.{PDF,DOCX}"),
        ("scans", "scans/**"),
        ("root/*.txt", "*.txt"),
        ("./root/*.txt", "*.txt"),
        ("*.pdf", "**/*.pdf"),
    ],
)
def test_what_may_have_been_meant_by_a_pattern_is_among_its_variants(pattern: str, meant: str) -> None:
    assert meant in variants(pattern, "root")
