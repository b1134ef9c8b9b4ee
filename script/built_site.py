"""Whether a built site holds together: links lead somewhere, and nothing is loaded from elsewhere. Plain Python."""  # noqa: INP001

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "video": "src"}
OF_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


class SitePage(HTMLParser):
    """What a page has: the names that links may lead to, where its own lead, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.names |= {value for name in ("id", "name") if (value := values.get(name))}
        target = values.get(LOADED.get(tag, "href")) or ""
        if tag == "a" and target:
            self.links.append(target)
        elif tag in LOADED and target:
            self.loads.append(target)


def faults(site: Path) -> Iterator[str]:
    """Yield what is wrong with the site that lies in a folder, a line each."""
    pages = {path: SitePage(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        shown = path.relative_to(site)
        yield from (f"{shown}: loads {each}" for each in page.loads if is_elsewhere(each))
        for link in (*page.links, *page.loads):
            if not is_elsewhere(link) and not _leads_somewhere(link, path, pages):
                yield f"{shown}: {link} leads nowhere"
    for path in sorted(site.rglob("*.css")):
        named = (first or second for first, second in OF_STYLE.findall(path.read_text(encoding="utf-8")))
        yield from (f"{path.relative_to(site)}: loads {each}" for each in named if is_elsewhere(each))


def is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.netloc) or parts.scheme not in {"", "data"}


def _leads_somewhere(link: str, path: Path, pages: dict[Path, SitePage]) -> bool:
    parts = urlsplit(link)
    if parts.scheme == "data":
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return not parts.fragment or unquote(parts.fragment) in pages[target].names


def main(site: Path) -> int:
    found = list(faults(site.resolve()))
    sys.stderr.write("".join(f"{each}\n" for each in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
