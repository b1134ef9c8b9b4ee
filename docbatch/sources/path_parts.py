"""Parts of documents' paths by name: a pattern such as `{year}/{customer}/**`.

A part in braces takes as little as it can and at least one character, and stays within its folder. `*` is any text within
a name, `**` any number of folders and, at the end, whatever lies below. Nothing is tried twice: `**` may stand there once,
and what stands between wildcards is looked for from the left.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docbatch.naming.pathtext import escape

MOST_SEGMENTS = 100
_DEEP = "**"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\{([^{}]*)\}|(\*+)|([^{}*]+)|([{}])")


@dataclass(frozen=True, slots=True)
class _Wildcard:
    """Any text; a `name` takes at least one character."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class PathParts:
    """The segments in front of `**` and behind it, each a sequence of texts and wildcards; `deep` says whether there is one."""

    text: str
    names: tuple[str, ...]
    front: tuple[tuple[bytes | _Wildcard, ...], ...]
    back: tuple[tuple[bytes | _Wildcard, ...], ...]
    deep: bool

    def of(self, path: bytes) -> Mapping[str, str]:
        """Return the parts of a path; none where it does not match. Bytes that are not UTF-8 are escaped as everywhere."""
        steps = path.split(b"/")
        fixed = len(self.front) + len(self.back)
        least = fixed + (self.deep and not self.back)
        if len(steps) < least or (len(steps) != fixed and not self.deep):
            return {}
        found: dict[str, str] = {}
        ends = steps[len(steps) - len(self.back) :] if self.back else ()
        for segment, step in (
            *zip(self.front, steps, strict=False),
            *zip(self.back, ends, strict=True),
        ):
            if not _fill(segment, step, found):
                return {}
        return found


def compile_path_parts(text: str) -> PathParts:
    """Read a pattern. Raises ValueError: what is wrong, and behind "; " what to do."""
    if text.startswith("/"):
        raise ValueError("the pattern is absolute; it is of doc.path, which begins at source.root")
    steps = text.split("/")
    if "" in steps or "." in steps or ".." in steps:
        raise ValueError("the pattern has an empty folder, . or .. in it; write as in {year}/{customer}/**")
    if len(steps) > MOST_SEGMENTS:
        raise ValueError(f"the pattern has more than {MOST_SEGMENTS} folders; ** is any number of them")
    if steps.count(_DEEP) > 1:
        raise ValueError("** stands in the pattern more than once; write * for one folder")
    names: list[str] = []
    segments = [None if step == _DEEP else _segment(step, names) for step in steps]
    if not names:
        raise ValueError("no part of the pattern has a name; write as in {year}/{customer}/**")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ValueError(f"the name '{twice}' stands there twice; give each part a name of its own")
    cut = segments.index(None) if None in segments else len(segments)
    front = tuple(each for each in segments[:cut] if each is not None)
    back = tuple(each for each in segments[cut + 1 :] if each is not None)
    return PathParts(text, tuple(names), front, back, None in segments)


def _segment(step: str, names: list[str]) -> tuple[bytes | _Wildcard, ...]:
    found: list[bytes | _Wildcard] = []
    for match in _TOKEN.finditer(step):
        name, stars, plain, brace = match.groups()
        if brace is not None:
            raise ValueError(f"the brace {brace} has no other; write a name in braces, as in {{year}}")
        if plain is not None:
            found.append(plain.encode(errors="surrogateescape"))
            continue
        if found and isinstance(found[-1], _Wildcard):
            raise ValueError("two wildcards follow each other; put text between them, as in {year}-{month}")
        if stars is not None:
            found.append(_Wildcard())
        elif _NAME.fullmatch(name):
            names.append(name)
            found.append(_Wildcard(name))
        else:
            raise ValueError(
                f"'{{{name}}}' is no name; a name has letters, digits and _, and there is one in each pair of braces"
            )
    return tuple(found)


def _fill(segment: Sequence[bytes | _Wildcard], step: bytes, found: dict[str, str]) -> bool:
    """Take the named parts of one step of a path; say whether the segment matches it."""
    last = len(segment) - 1
    place = 0
    wild: _Wildcard | None = None
    for index, each in enumerate(segment):
        if isinstance(each, _Wildcard):
            wild = each
            continue
        least = place + (wild is not None and wild.name is not None)
        if wild is None:
            at = place if step.startswith(each, place) else -1
        elif index == last:
            at = len(step) - len(each) if step.endswith(each) else -1
        else:
            at = step.find(each, least)
        if at < least:
            return False
        _take(wild, step[place:at], found)
        place, wild = at + len(each), None
    if wild is None:
        return place == len(step)
    _take(wild, step[place:], found)
    return bool(step[place:]) or wild.name is None


def _take(wild: _Wildcard | None, part: bytes, found: dict[str, str]) -> None:
    if wild is not None and wild.name is not None:
        found[wild.name] = escape(part)
