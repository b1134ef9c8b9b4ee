"""Links of the documentation lead somewhere: to files that are there, and to headings that they have."""

import re
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import MARKDOWN, ROOT, Page, page, pages


def astray(found: Page) -> list[str]:
    """Return the links of a page that lead nowhere. Those to other sites are only read, and asked nothing."""
    return [link for link in found.links if not leads_somewhere(found, link)]


def leads_somewhere(found: Page, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme == "https" and re.fullmatch(r"([a-z0-9-]+\.)+[a-z]+", parts.netloc) is not None
    if not parts.path:
        return parts.fragment in found.anchors
    target = (found.path.parent / unquote(parts.path)).resolve()
    # Outside of the repository nothing is what it is here.
    if not target.is_file() or not target.is_relative_to(ROOT):
        return False
    return not parts.fragment or (target.suffix == ".md" and parts.fragment in Page(target).anchors)


@pytest.mark.parametrize("found", pages(), ids=lambda found: found.name)
def test_links_lead_somewhere(found: Page) -> None:
    assert astray(found) == []


@pytest.mark.parametrize(
    "link",
    [
        "nothing.md",
        "guide.md#nothing",
        "#nothing",
        "decisions/",
        "../../..",
        "http://example.org",
        "https://",
        "guide.md#Guards",
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str) -> None:
    made = Page(ROOT / "docs" / "made.md")
    made.__dict__["tokens"] = MARKDOWN.parse(f"# Here\n\nText with [a link]({link}) and [another](#here).\n")

    assert astray(made) == [link]


def test_anchors_are_as_github_makes_them() -> None:
    made = Page(ROOT / "docs" / "made.md")
    made.__dict__["tokens"] = MARKDOWN.parse(
        "# `source.where` & _more_\n## Twice\n## Twice\n## Ctrl-C, état\n"
    )

    assert made.anchors == ["sourcewhere--more", "twice", "twice-1", "ctrl-c-état"]


def test_every_page_of_docs_can_be_reached_from_the_first() -> None:
    reached, ahead = set(), [page("docs/index.md")]
    while ahead:
        found = ahead.pop()
        reached.add(found.path)
        targets = {(found.path.parent / unquote(urlsplit(link).path)).resolve() for link in found.links}
        ahead += [
            Page(path) for path in targets if path.suffix == ".md" and path.is_file() and path not in reached
        ]

    # Decisions stand in a folder, and on the site in a list.
    ours = [each for each in pages() if each.name.startswith("docs/") and "/decisions/" not in each.name]
    assert [each.name for each in ours if each.path not in reached] == []
