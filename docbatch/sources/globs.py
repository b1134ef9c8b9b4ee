"""Which paths a source selects.

A pattern is a sequence of segments. Matching goes down the folders of a path and keeps the places in the patterns
from which a match is still possible: a folder without such a place is never listed, and no pattern can
backtrack across folders. What is left to decide about one name is decided by wcmatch.

`*`, `?` and classes do not match a leading dot unless hidden files are asked for; an exclusion always does.
A pattern that ends in "/" means everything below that folder.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from docbatch.sources.automaton import Automaton, PatternPart, PatternParts

MAX_PATTERNS = 1000
MAX_LENGTH = 1000
MAX_FOLDERS = 100
MAX_DEEP = 20
STATE_FOLDER = b".docbatch"

_DOT = ord(".")
_DEEP = "**"
_MAGIC = re.compile(r"[*?\[\\]")
_FEW = 8
"""So many tests of a name are made one after the other sooner than all at once."""

Select = Callable[[Sequence[bytes]], list[bytes]]


class Scope:
    """What the patterns say about one folder. Folders about which they say the same share a scope."""

    __slots__ = ("_excluded", "_included", "_matching", "_select")

    def __init__(self, matching: "_Matching", included: int, excluded: int) -> None:
        self._matching = matching
        self._included = included
        self._excluded = excluded
        self._select: Select | None = None

    def select(self, names: Sequence[bytes]) -> list[bytes]:
        """Return the selected ones of the names of this folder's files, in their order."""
        if self._select is None:
            self._select = self._matching.selector(self._included, self._excluded)
        return self._select(names)

    def has(self, name: bytes) -> bool:
        return self._matching.selects(self._included, self._excluded, name)

    def enter(self, folder: bytes) -> "Scope | None":
        """Return the scope of a subfolder, None when nothing below it can be selected."""
        return (
            None if folder == STATE_FOLDER else self._matching.enter(self._included, self._excluded, folder)
        )


class _Matching:
    """The patterns of one source and the scopes that were met."""

    def __init__(self, include: Sequence[PatternParts], exclude: Sequence[PatternParts]) -> None:
        self.include = Automaton(include)
        self.exclude = Automaton(exclude)
        self._known: dict[tuple[int, int], Scope] = {}
        self.start = self._scope(self.include.start, self.exclude.start)

    def enter(self, included: int, excluded: int, folder: bytes) -> Scope | None:
        included = self.include.enter(included, folder)
        excluded = self.exclude.enter(excluded, folder) if excluded else 0
        if not included or excluded & self.exclude.covers:
            return None
        return self._scope(included, excluded)

    def selects(self, included: int, excluded: int, name: bytes) -> bool:
        return bool(self.include.matched(included, name)) and not self.exclude.matched(excluded, name)

    def selector(self, included: int, excluded: int) -> Select:
        """Return the test of a folder's names. Suffixes, which nearly every spec uses, are tested without a call per name."""
        wanted, unwanted = self.include.ending(included), self.exclude.ending(excluded)
        if not wanted:
            return lambda _: []
        tails = tuple(each.tail for each in wanted if each.tail is not None and not each.head)
        if len(tails) < len(wanted):
            chosen = _by_any(wanted, self.include, included)
        else:
            chosen = _by_tail(tails, hidden=wanted[0].hidden)
        return _without(chosen, _by_any(unwanted, self.exclude, excluded)) if unwanted else chosen

    def _scope(self, included: int, excluded: int) -> Scope:
        scope = self._known.get((included, excluded))
        if scope is None:
            scope = self._known[included, excluded] = Scope(self, included, excluded)
        return scope


class Globs:
    """Compiled patterns. Calling it with a path below the root tells whether the path is selected.

    `prefix` is the longest literal folder, with a final "/", that every selected path starts with.
    `patterns` is what `compile_globs` was given: include, exclude, hidden.
    """

    __slots__ = ("patterns", "prefix", "start")

    def __init__(self, include: Sequence[str], exclude: Sequence[str], *, hidden: bool) -> None:
        self.patterns = (tuple(include), tuple(exclude), hidden)
        chosen = compile_patterns(include, hidden=hidden)
        self.prefix = _common_folder(chosen)
        self.start = _Matching(chosen, compile_patterns(exclude, hidden=True)).start

    def __call__(self, path: bytes) -> bool:
        *folders, name = path.split(b"/")
        scope: Scope | None = self.start
        for folder in folders:
            scope = scope.enter(folder) if scope else None
        return bool(scope and scope.has(name))


def compile_globs(include: Sequence[str], exclude: Sequence[str] = (), *, hidden: bool = False) -> Globs:
    """Compile patterns over "/"-separated paths relative to a source's root; case counts.

    Raises ValueError for a pattern that is empty, absolute, leaves the root with "..", expands to too many, or has more
    folders than a path.
    """
    return Globs(include, exclude, hidden=hidden)


def compile_patterns(patterns: Sequence[str], *, hidden: bool) -> list[PatternParts]:
    """Return the patterns' segments, braces spread out. Raises ValueError, see `compile_globs`."""
    made: dict[str, PatternPart] = {}
    compiled = []
    for pattern in _expand(patterns):
        segments = _segments(pattern)
        _refuse_endless(pattern, segments)
        for segment in segments:
            if segment not in made:
                made[segment] = _segment(segment, hidden=hidden)
        compiled.append(tuple(made[segment] for segment in segments))
    return compiled


def _refuse_endless(pattern: str, segments: Sequence[str]) -> None:
    if len(segments) > MAX_FOLDERS:
        raise ValueError(f"{pattern[:40]!r}… has more than {MAX_FOLDERS} folders")
    if segments.count(_DEEP) > MAX_DEEP:
        raise ValueError(
            f"{pattern[:40]!r}… has ** more than {MAX_DEEP} times; once is enough for any number of folders"
        )


def _expand(patterns: Sequence[str]) -> Iterator[str]:
    room = MAX_PATTERNS
    for pattern in patterns:
        _check(pattern)
        for expanded in _braces(pattern):
            room -= 1
            if room < 0:
                raise ValueError(
                    f"{pattern!r} makes more than {MAX_PATTERNS} patterns; use * or fewer braces"
                )
            if expanded:
                _check(expanded)
                yield expanded


def _check(pattern: str) -> None:
    if not pattern:
        raise ValueError("a pattern is empty; write ** for every file below the root")
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"{pattern[:40]!r}… is longer than {MAX_LENGTH} characters")
    if pattern.startswith("/"):
        raise ValueError(f"{pattern!r} is absolute; patterns are relative to source.root")
    if ".." in pattern.split("/"):
        raise ValueError(
            f"{pattern!r} leaves its folder with ..; set source.root to the folder that is meant"
        )


def _braces(pattern: str) -> Iterator[str]:
    if "{" not in pattern:
        return iter((pattern,))
    import bracex  # noqa: PLC0415 - many specs have no braces

    try:
        return iter(list(bracex.iexpand(pattern, keep_escapes=True, limit=MAX_PATTERNS)))
    except (bracex.ExpansionLimitException, RecursionError):
        raise ValueError(
            f"{pattern!r} expands to more than {MAX_PATTERNS} patterns; use * or fewer braces"
        ) from None


def _segments(pattern: str) -> list[str]:
    """Split a pattern; runs of "/" and "." vanish, runs of "**" are one, a final folder means all below it."""
    parts = pattern.split("/")
    segments: list[str] = []
    for part in [*parts[:-1], parts[-1] or _DEEP]:
        segment = _unescape_end(part)
        if segment in ("", ".") or (segment == _DEEP and segments[-1:] == [_DEEP]):
            continue
        segments.append(segment)
    if not segments:
        raise ValueError(f"{pattern!r} names no file; write ** for every file below the root")
    return [*segments, "*"] if segments[-1] == _DEEP else segments


def _unescape_end(segment: str) -> str:
    """Drop the backslash of an escaped separator."""
    slashes = len(segment) - len(segment.rstrip("\\"))
    return segment[:-1] if slashes % 2 else segment


def _segment(segment: str, *, hidden: bool) -> PatternPart:
    if segment == _DEEP:
        return PatternPart(hidden, deep=True)
    if not _MAGIC.search(segment):
        return PatternPart(hidden, head=segment.encode(errors="surrogateescape"))
    head, _, tail = segment.partition("*")
    if not _MAGIC.search(head + tail):
        return PatternPart(
            hidden, head=head.encode(errors="surrogateescape"), tail=tail.encode(errors="surrogateescape")
        )
    return PatternPart(hidden, regex=_regex(segment, hidden=hidden), hints=_hints(segment))


def _hints(segment: str) -> tuple[bytes, bytes, bytes]:
    """Return texts that every name which a segment accepts begins with, ends with and has in it."""
    if "\\" in segment:
        return b"", b"", b""
    pieces = re.split(r"[*?\[\]]", segment)
    inside = max(pieces[1:-1], key=len, default="") if "[" not in segment else ""
    first, last, most = (text.encode(errors="surrogateescape") for text in (pieces[0], pieces[-1], inside))
    return first, last, most


def _regex(segment: str, *, hidden: bool) -> re.Pattern[str]:
    from wcmatch import fnmatch  # noqa: PLC0415 - most patterns need no regular expression

    flags = fnmatch.CASE | fnmatch.FORCEUNIX | (fnmatch.DOTMATCH if hidden else 0)
    (translated,), _ = fnmatch.translate(segment, flags=flags)
    return re.compile(translated)


def _without(chosen: Select, refused: Select) -> Select:
    def select(names: Sequence[bytes]) -> list[bytes]:
        kept = chosen(names)
        dropped = frozenset(refused(kept))
        return [name for name in kept if name not in dropped] if dropped else kept

    return select


def _by_tail(tails: tuple[bytes, ...], *, hidden: bool) -> Select:
    if hidden:
        return lambda names: [name for name in names if name.endswith(tails)]
    return lambda names: [name for name in names if name.endswith(tails) and name[0] != _DOT]


def _by_any(wanted: Sequence[PatternPart], patterns: Automaton, places: int) -> Select:
    if len(wanted) > _FEW:
        return lambda names: [name for name in names if patterns.matched(places, name)]
    literals = frozenset(segment.head for segment in wanted if segment.is_literal)
    tests = [segment.accepts for segment in wanted if not segment.is_literal]
    return lambda names: [name for name in names if name in literals or any(test(name) for test in tests)]


def _common_folder(include: Collection[PatternParts]) -> bytes:
    shared: list[bytes] | None = None
    for rest in include:
        folders = _literal_folders(rest)
        if shared is None:
            shared = folders
        else:
            same = [a == b for a, b in zip(shared, folders, strict=False)]
            shared = shared[: same.index(False) if False in same else len(same)]
    return b"".join(folder + b"/" for folder in shared or ())


def _literal_folders(rest: PatternParts) -> list[bytes]:
    folders = []
    for name in rest[:-1]:
        if not name.is_literal:
            break
        folders.append(name.head)
    return folders


def variants(pattern: str, root: str) -> Iterator[str]:
    """Yield patterns that may have been meant by one that finds nothing below a folder called `root`."""
    below = pattern.removeprefix("./")
    if below.startswith(f"{root}/"):
        yield below.removeprefix(f"{root}/")
    if not _MAGIC.search(pattern) and "{" not in pattern:
        yield f"{pattern.rstrip('/')}/**"
    if "/" not in pattern:
        yield f"{_DEEP}/{pattern}"
    start, dot, suffix = pattern.rpartition(".")
    if dot and "/" not in suffix:
        yield from (start + dot + other for other in (suffix.upper(), suffix.lower()) if other != suffix)
