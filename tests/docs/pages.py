"""The pages of the documentation, as readers of Markdown see them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
NOTE = re.compile(r"<!-- (.+?) -->")
MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Fence:
    """A fenced block: what it calls itself, what is in it, its first line, and the comment in front that no reader sees."""

    language: str
    content: str
    line: int
    note: str


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tokens(self) -> list[Token]:
        return MARKDOWN.parse(self.text)

    @cached_property
    def anchors(self) -> list[str]:
        """Return the anchors of its headings, as GitHub makes them: the second of the same name ends with -1."""
        seen: Counter[str] = Counter()
        found = []
        for heading, inline in zip(self.tokens, self.tokens[1:], strict=False):
            if heading.type == "heading_open":
                slug = re.sub(r"[^\w\- ]", "", plain(inline).lower()).replace(" ", "-")
                found.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
                seen[slug] += 1
        return found

    @property
    def links(self) -> Iterator[str]:
        for token in self._inline():
            if token.type in {"link_open", "image"}:
                yield str(token.attrs["href" if token.type == "link_open" else "src"])

    @property
    def code(self) -> Iterator[str]:
        """Yield what stands between single backquotes."""
        for token in self._inline():
            if token.type == "code_inline":
                yield token.content

    @cached_property
    def fences(self) -> list[Fence]:
        before = [None, *self.tokens]
        return [
            _fence(token, previous)
            for previous, token in zip(before, self.tokens, strict=False)
            if token.type == "fence"
        ]

    def _inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()


def _fence(token: Token, previous: Token | None) -> Fence:
    note = (
        NOTE.fullmatch(previous.content.strip())
        if previous is not None and previous.type == "html_block"
        else None
    )
    assert token.map is not None
    return Fence(token.info, token.content, token.map[0] + 1, note[1] if note else "")


def plain(inline: Token) -> str:
    """Return the words of a line without what marks them."""
    return "".join(each.content for each in inline.children or () if each.type in {"text", "code_inline"})


@cache
def pages() -> tuple[Page, ...]:
    """Return all pages, by name."""
    patterns = ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "examples/**/*.md")
    return tuple(map(Page, sorted(path for pattern in patterns for path in ROOT.glob(pattern))))


@cache
def page(name: str) -> Page:
    return Page(ROOT / name)
