"""Parts of documents' paths by name."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docbatch.sources.path_parts import compile_path_parts

MATCHES: list[tuple[str, str, Mapping[str, str]]] = [
    ("{year}/{customer}/**", "2026/acme/a.pdf", {"year": "2026", "customer": "acme"}),
    ("{year}/{customer}/**", "2026/acme/b/c/a.pdf", {"year": "2026", "customer": "acme"}),
    ("{year}/{customer}/**", "2026/acme", {}),
    ("{year}/*/{name}.pdf", "2026/acme/a.pdf", {"year": "2026", "name": "a"}),
    ("{year}/*/{name}.pdf", "2026/acme/a.txt", {}),
    ("{year}/*/{name}.pdf", "2026/acme/.pdf", {}),
    ("{year}/**/{name}", "2026/a.pdf", {"year": "2026", "name": "a.pdf"}),
    ("{year}/**/{name}", "2026/x/y/a.pdf", {"year": "2026", "name": "a.pdf"}),
    ("**/{name}.pdf", "a.pdf", {"name": "a"}),
    ("**/{team}/*", "x/red/a", {"team": "red"}),
    ("{year}-{month}_{rest}", "2026-01_02_x", {"year": "2026", "month": "01", "rest": "02_x"}),
    ("{a}-{b}", "x-y-z", {"a": "x", "b": "y-z"}),
    ("{a}-{b}.pdf", "x.pdf-y.pdf", {"a": "x.pdf", "b": "y"}),
    ("{a}-", "-", {}),
    ("x/{a}", "y/b", {}),
    ("{a}", "x/y", {}),
    ("a*c/{n}", "ac/1", {"n": "1"}),
    ("a*c/{n}", "abd/1", {}),
    ("{a}/**/x", "1/x", {"a": "1"}),
    ("{a}/**/x", "1", {}),
]


@pytest.mark.parametrize(("pattern", "path", "parts"), MATCHES)
def test_names_stand_for_parts_of_paths(pattern: str, path: str, parts: Mapping[str, str]) -> None:
    assert compile_path_parts(pattern).of(path.encode()) == parts


def test_bytes_that_are_no_text_are_escaped_as_everywhere() -> None:
    assert compile_path_parts("{a}/*").of(b"\xff/x") == {"a": "%FF"}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/{a}/x", "absolute"),
        ("{a}//x", "empty folder"),
        ("../{a}", "empty folder, . or .."),
        ("a/b", "no part of the pattern has a name"),
        ("{a}/{a}", "the name 'a' stands there twice"),
        ("{a}{b}", "two wildcards follow each other"),
        ("{a}*", "two wildcards follow each other"),
        ("{a/b", "has no other"),
        ("{1a}", "is no name"),
        ("{}", "is no name"),
        ("{a,b}/x", "is no name"),
        ("**/{a}/**", "more than once"),
        ("{a}" + "/x" * 100, "more than 100 folders"),
    ],
)
def test_what_cannot_be_a_pattern_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_path_parts(pattern)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(alphabet="ab-_.", min_size=1, max_size=8), min_size=2, max_size=5))
def test_a_pattern_made_of_a_path_finds_its_parts(steps: list[str]) -> None:
    steps = [step if step.strip(".") else "a" for step in steps]
    names = [f"n{index}" for index in range(len(steps))]
    pattern = "/".join(f"{{{name}}}" for name in names)

    assert compile_path_parts(pattern).of("/".join(steps).encode()) == dict(zip(names, steps, strict=True))


def test_no_path_takes_long() -> None:
    pattern = compile_path_parts("a".join(f"{{n{index}}}" for index in range(30)) + "b")

    assert pattern.of(b"a" * 4000) == {}
