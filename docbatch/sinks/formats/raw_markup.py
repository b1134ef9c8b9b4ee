"""HTML that stands in Markdown: what shows text stays, everything else is shown as the characters it is.

Services write tables as HTML, and documents have tags in them, which are words of theirs. Nothing of either is dropped. What comes out
is not yet safe: `web_page` lets it through nh3.
"""

import html
import re
from collections.abc import Mapping
from types import MappingProxyType

SHOWING = frozenset(
    """a abbr b blockquote br caption code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i ins kbd li mark
    ol p pre q s small span strong sub sup table tbody td tfoot th thead tr u ul""".split()  # noqa: SIM905 - a line a word says no more
)
"""Tags that show text, and nothing else."""
_WITHOUT_END = frozenset(
    {"br", "caption", "dd", "dt", "hr", "li", "p", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
_NESTING = SHOWING - _WITHOUT_END
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?/?)>")
_ATTRIBUTE = re.compile(r"""\s*([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
_SAFE_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+\Z")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_HIDDEN = re.compile(r"^data:image/tiff|\.tiff\Z")
"""Pictures that browsers do not show."""
_UNNAMED = "picture"
NO_SOURCES: Mapping[str, str] = MappingProxyType({})


def markup(text: str, sources: Mapping[str, str] = NO_SOURCES) -> str:
    """Return HTML with all but the tags that show text escaped, and pictures as `picture` has them."""
    parts = []
    done = 0
    for tag in _TAG.finditer(text):
        parts += [_escaped(text[done : tag.start()]), _tag(tag, sources)]
        done = tag.end()
    return "".join([*parts, _escaped(text[done:])])


def depth(text: str) -> int:
    """Return how deep tags lie within tags at most, those aside that need no end."""
    deepest = now = 0
    for tag in _TAG.finditer(text):
        if tag[2].lower() in _NESTING:
            now = max(now - 1, 0) if tag[1] else now + 1
            deepest = max(deepest, now)
    return deepest


def picture(
    source: str, words: str, *, in_a_link: bool = False, sources: Mapping[str, str] = NO_SOURCES
) -> str:
    """Return what stands for a picture: itself where it is at hand, a link where it lies on the web, else its words.

    A page that is opened asks no other machine for anything. `sources` says where those lie that are the document's own.
    """
    own = sources.get(source, "")
    if _HIDDEN.search(own):
        shown = html.escape(words or _UNNAMED)
        return shown if in_a_link else f'<a href="{html.escape(own)}">{shown}</a>'
    if own:
        return f'<img src="{html.escape(own)}" alt="{html.escape(words)}">'
    if is_held(source):
        return f'<img src="{html.escape(source)}" alt="{html.escape(words)}">'
    if _WEB.match(source) and not in_a_link:
        return f'<a href="{html.escape(source)}">{html.escape(words or _UNNAMED)}</a>'
    return html.escape(words)


def is_held(source: str) -> bool:
    """Whether a picture is its own address."""
    return source.startswith("data:") and bool(_SAFE_PICTURE.match(source))


def _tag(found: re.Match[str], sources: Mapping[str, str]) -> str:
    name = found[2].lower()
    attributes = _attributes(found[3])
    if attributes is None or (name not in SHOWING and name != "img"):
        return html.escape(found[0])
    if name == "img":
        return picture(attributes.get("src", "").strip(), attributes.get("alt", ""), sources=sources)
    return found[0]


def _attributes(text: str) -> dict[str, str] | None:
    """Return the attributes of a tag; None where it has something else in it, as `<b and c>` has."""
    found = {}
    place = 0
    while match := _ATTRIBUTE.match(text, place):
        found[match[1].lower()] = html.unescape(
            next(each for each in (*match.groups()[1:], "") if each is not None)
        )
        place = match.end()
    return found if not text[place:].strip("/ \t\r\n") else None


def _escaped(text: str) -> str:
    """Escape what would begin a tag; entities stand for what they stand for."""
    return text.replace("<", "&lt;").replace(">", "&gt;")
