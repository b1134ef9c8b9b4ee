"""Which templates can give one path."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.naming.path_patterns import PathPattern, path_pattern
from docbatch.naming.templates import TemplateError, below, compile_template, doc_fields


def pattern(text: str, *, folds: bool = True, holds_files: bool = False) -> PathPattern:
    return path_pattern("/p", compile_template(text), holds_files=holds_files, folds=folds)


MEETING = [
    ("out/{{ doc.path }}.md", "out/{{ doc.path }}.md"),
    ("out/{{ doc.path }}.md", "out/prod/{{ doc.path }}.md"),
    ("out/{{ doc.path }}.md", "out/{{ doc.stem }}.md"),
    ("out/{{ doc.path }}", "out/all.jsonl"),
    ("out/all.jsonl", "Out/ALL.jsonl"),
    ("out/all.jsonl", "out/./all.jsonl"),
    ("out//all.jsonl", "out/all.jsonl"),
    ("out/caf\N{LATIN SMALL LETTER E WITH ACUTE}.md", "out/cafe\N{COMBINING ACUTE ACCENT}.md"),
    ("out/{{ doc.parent }}/{{ doc.name }}", "out/{{ doc.name }}"),
    ("out/a{{ doc.stem }}", "out/{{ doc.stem }}b"),
    ("out/{{ doc.stem | replace('_', '/') }}", "out/a/b"),
    ("out/{{ doc.metadata.team }}", "out/a/b"),
    ("out/a-{{ doc.name }}", "out/{{ doc.name }}-a"),
]
APART = [
    ("out/dev/{{ doc.path }}.md", "out/prod/{{ doc.path }}.md"),
    ("out/{{ doc.path }}.md", "out/{{ doc.path }}.json"),
    ("out/{{ doc.path }}.dev.md", "out/{{ doc.path }}.prod.md"),
    ("out/dev-{{ doc.name }}", "out/prod-{{ doc.name }}"),
    ("out/{{ doc.name }}", "out/prod/{{ doc.name }}"),
    ("out/{{ doc.stem | lower }}.md", "out/x/y.md"),
    ("out/a.jsonl", "out/b.jsonl"),
    ("out/{{ doc.path }}/a", "out/{{ doc.path }}/b"),
    ("out/a/{{ doc.name }}", "out/{{ doc.name }}/b/c"),
]


@pytest.mark.parametrize(("one", "other"), MEETING)
def test_templates_that_can_give_one_path_meet(one: str, other: str) -> None:
    assert pattern(one).meets(pattern(other))
    assert pattern(other).meets(pattern(one))


@pytest.mark.parametrize(("one", "other"), APART)
def test_templates_that_cannot_are_apart(one: str, other: str) -> None:
    assert not pattern(one).meets(pattern(other))
    assert not pattern(other).meets(pattern(one))


def test_keys_in_a_store_that_differ_in_case_are_apart() -> None:
    assert not pattern("out/A", folds=False).meets(pattern("out/a", folds=False))


def test_what_lies_in_a_folder_of_files_is_met_and_the_folder_beside_it_is_not() -> None:
    folder = pattern("out/rows", holds_files=True)

    assert folder.meets(pattern("out/rows", holds_files=True))
    assert folder.meets(pattern("out/{{ doc.path }}"))
    assert not folder.meets(pattern("out/rows-2/{{ doc.path }}"))


TEXTS = (".", "..", "//", "", "a", "b", "a/", "/b", ".md", "a/b", "/")
NAMES = ("{{ doc.path }}", "{{ doc.stem }}", "{{ doc.parent }}", "{{ doc.name }}", "{{ doc.suffix }}")
templates = st.lists(st.sampled_from((*TEXTS, *NAMES)), min_size=1, max_size=5).map("".join)
DOCUMENTS = [
    doc_fields(path, sha256="0" * 64, size=1)
    for path in (b"a", b"b", b"a.md", b"a/b", b"b/a.md", b"a/b/a", b"a/a.b", b"md/ab.md")
]


def rendered(text: str) -> set[bytes]:
    """Return the paths that a template gives for some documents."""
    template = compile_template(f"out/{text}")
    found = set()
    for doc in DOCUMENTS:
        with contextlib.suppress(TemplateError):
            found.add(below(template.render({"doc": doc})))
    return found


@given(templates, templates)
def test_templates_that_gave_one_path_are_never_apart(one: str, other: str) -> None:
    if rendered(one) & rendered(other):
        assert pattern(f"out/{one}").meets(pattern(f"out/{other}"))


def test_two_long_templates_are_compared_at_once() -> None:
    gaps = "{{ doc.stem }}a" * 40
    one, other = pattern(f"out/{gaps}x{{{{ doc.stem }}}}"), pattern(f"out/{gaps}y/{{{{ doc.stem }}}}")

    assert not one.meets(other)
