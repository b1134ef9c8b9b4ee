"""Pages are found: each stands in the index by name, and in the contents of the site under its kind of reader."""

import re
from pathlib import Path

from tests.docs.pages import ROOT, page, pages

INDEX = page("docs/index.md")
BENEATH = ("docs/decisions/", "benchmarks/")
"""Folders of many pages of which one leads to the others."""


def contents() -> dict[str, list[Path]]:
    """Return what the site's contents list, by their captions."""
    blocks = re.findall(r"```\{toctree\}\n(.+?)\n\n(.+?)\n```", INDEX.text, re.DOTALL)
    return {
        re.findall(r":caption: (.+)", head)[0]: [
            (INDEX.path.parent / f"{each}.md").resolve() for each in body.splitlines() if "*" not in each
        ]
        for head, body in blocks
    }


def for_readers() -> set[Path]:
    return {each.path for each in pages() if not each.name.startswith(BENEATH)} - {INDEX.path}


def test_each_page_stands_once_in_the_contents_of_the_site() -> None:
    listed = [path for paths in contents().values() for path in paths]

    assert sorted(path for path in listed if not path.relative_to(ROOT).as_posix().startswith(BENEATH)) == (
        sorted(for_readers())
    )


def test_pages_for_users_do_not_stand_beneath_decisions() -> None:
    docs = ROOT / "docs"

    assert [path.name for path in contents()["Beneath"] if path.parent == docs] == []


def test_the_map_names_every_room_of_the_engine() -> None:
    """What lies deeper in a vendor's or a format's folder is told there."""
    engine = ROOT / "docbatch" / "engine"
    rooms = [path for depth in ("*/__init__.py", "*/*/__init__.py") for path in engine.glob(depth)]

    assert [
        room.parent.name for room in rooms if f"{room.parent.name}/`" not in page("CONTRIBUTING.md").text
    ] == []


def test_a_page_has_one_title() -> None:
    titles = {
        found.name: sum(token.tag == "h1" for token in found.tokens if token.nesting == 1)
        for found in pages()
    }

    assert {name: number for name, number in titles.items() if number != 1} == {}


def test_a_decision_is_called_by_its_number() -> None:
    decisions = [found for found in pages() if re.match(r"docs/decisions/\d", found.name)]

    assert [each.name for each in decisions if not each.text.startswith(f"# {each.path.name[:4]} ")] == []


def test_each_page_for_readers_is_named_in_the_index() -> None:
    named = {(INDEX.path.parent / link.partition("#")[0]).resolve() for link in INDEX.links}

    assert sorted(path.name for path in for_readers() - named) == []
