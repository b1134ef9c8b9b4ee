"""Which paths a source selects.

A pattern is a sequence of segments. Matching goes down the folders of a path and keeps the places in the patterns
from which a match is still possible: a folder without such a place is never listed, and no pattern can
backtrack across folders. What is left to decide about one name is decided by wcmatch.

`*`, `?` and classes do not match a leading dot unless hidden files are asked for; an exclusion always does.
A pattern that ends in "/" means everything below that folder.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

MAX_PATTERNS = 1000
MAX_LENGTH = 1000
STATE_FOLDER = b".docbatch"

_DOT = ord(".")
_DEEP = "**"
_MAGIC = re.compile(r"[*?\[\\]")


@dataclass(frozen=True, slots=True, eq=False)
class _Name:
    """One segment: `head` alone, `head*tail`, or what only a regular expression can say.

    Compared by identity, so that sets of places hash at the speed of C; equal segments are made once.
    """

    hidden: bool
    head: bytes = b""
    tail: bytes | None = None
    regex: re.Pattern[str] | None = None
    deep: bool = False

    def accepts(self, name: bytes) -> bool:
        if self.deep:
            return self.hidden or name[0] != _DOT
        if self.regex is not None:
            return self.regex.fullmatch(name.decode(errors="surrogateescape")) is not None
        if self.tail is None:
            return name == self.head
        fits = len(name) >= len(self.head) + len(self.tail)
        dotted = not self.hidden and not self.head and name[0] == _DOT
        return fits and not dotted and name.startswith(self.head) and name.endswith(self.tail)


_Rest = tuple[_Name, ...]
_Places = frozenset[_Rest]
Select = Callable[[Sequence[bytes]], list[bytes]]


class Scope:
    """What the patterns say about one folder. Folders about which they say the same share a scope."""

    __slots__ = ("_exclude", "_include", "_known", "select")

    select: Select
    """Return the selected ones of the names of this folder's files, in their order."""

    def __init__(
        self, include: _Places, exclude: _Places, known: "dict[tuple[_Places, _Places], Scope]"
    ) -> None:
        self._include = include
        self._exclude = exclude
        self._known = known
        self.select = _selector(_last(include), _last(exclude))

    def enter(self, folder: bytes) -> "Scope | None":
        """Return the scope of a subfolder, None when nothing below it can be selected."""
        if folder == STATE_FOLDER:
            return None
        include = _enter(self._include, folder)
        exclude = _enter(self._exclude, folder)
        if not include or any(_covers(rest) for rest in exclude):
            return None
        scope = self._known.get((include, exclude))
        if scope is None:
            scope = self._known[include, exclude] = Scope(include, exclude, self._known)
        return scope


class Globs:
    """Compiled patterns. Calling it with a path below the root tells whether the path is selected.

    `prefix` is the longest literal folder, with a final "/", that every selected path starts with.
    `patterns` is what `compile_globs` was given: include, exclude, hidden.
    """

    __slots__ = ("patterns", "prefix", "start")

    def __init__(self, include: Sequence[str], exclude: Sequence[str], *, hidden: bool) -> None:
        self.patterns = (tuple(include), tuple(exclude), hidden)
        chosen = _compile(include, hidden=hidden)
        self.prefix = _common_folder(chosen)
        self.start = Scope(_close(chosen), _close(_compile(exclude, hidden=True)), {})

    def __call__(self, path: bytes) -> bool:
        *folders, name = path.split(b"/")
        scope: Scope | None = self.start
        for folder in folders:
            scope = scope.enter(folder) if scope else None
        return bool(scope and scope.select([name]))


def compile_globs(include: Sequence[str], exclude: Sequence[str] = (), *, hidden: bool = False) -> Globs:
    """Compile patterns over "/"-separated paths relative to a source's root; case counts.

    Raises ValueError for a pattern that is empty, absolute, leaves the root with "..", or expands to too many.
    """
    return Globs(include, exclude, hidden=hidden)


def _compile(patterns: Sequence[str], *, hidden: bool) -> list[_Rest]:
    made: dict[str, _Name] = {}
    compiled = []
    for pattern in _expand(patterns):
        segments = _segments(pattern)
        for segment in segments:
            if segment not in made:
                made[segment] = _name(segment, hidden=hidden)
        compiled.append(tuple(made[segment] for segment in segments))
    return compiled


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


def _name(segment: str, *, hidden: bool) -> _Name:
    if segment == _DEEP:
        return _Name(hidden, deep=True)
    if not _MAGIC.search(segment):
        return _Name(hidden, head=segment.encode(errors="surrogateescape"))
    head, _, tail = segment.partition("*")
    if not _MAGIC.search(head + tail):
        return _Name(
            hidden, head=head.encode(errors="surrogateescape"), tail=tail.encode(errors="surrogateescape")
        )
    return _Name(hidden, regex=_regex(segment, hidden=hidden))


def _regex(segment: str, *, hidden: bool) -> re.Pattern[str]:
    from wcmatch import fnmatch  # noqa: PLC0415 - most patterns need no regular expression

    flags = fnmatch.CASE | fnmatch.FORCEUNIX | (fnmatch.DOTMATCH if hidden else 0)
    (translated,), _ = fnmatch.translate(segment, flags=flags)
    return re.compile(translated)


def _enter(places: _Places, folder: bytes) -> _Places:
    """Go one folder down."""
    reached = [
        rest if rest[0].deep else rest[1:]
        for rest in places
        if (rest[0].deep or len(rest) > 1) and rest[0].accepts(folder)
    ]
    return _close(reached)


def _close(rests: Collection[_Rest]) -> _Places:
    """Add the places behind `**`, which may stand for no folder at all."""
    return frozenset((*rests, *(rest[1:] for rest in rests if rest[0].deep)))


def _last(places: _Places) -> list[_Name]:
    return [rest[0] for rest in places if len(rest) == 1]


def _covers(rest: _Rest) -> bool:
    """Tell whether an exclusion's rest matches everything below a folder."""
    return len(rest) == 2 and rest[0].deep and rest[1].tail == b"" and not rest[1].head


def _selector(include: Sequence[_Name], exclude: Sequence[_Name]) -> Select:
    """Build the test of a folder's names. Suffixes, which nearly every spec uses, are tested without a call per name."""
    if not include:
        return lambda _: []
    tails = tuple(name.tail for name in include if name.tail is not None and not name.head)
    chosen = _by_any(include) if len(tails) < len(include) else _by_tail(tails, hidden=include[0].hidden)
    if not exclude:
        return chosen
    refused = _by_any(exclude)

    def select(names: Sequence[bytes]) -> list[bytes]:
        kept = chosen(names)
        dropped = frozenset(refused(kept))
        return [name for name in kept if name not in dropped] if dropped else kept

    return select


def _by_tail(tails: tuple[bytes, ...], *, hidden: bool) -> Select:
    if hidden:
        return lambda names: [name for name in names if name.endswith(tails)]
    return lambda names: [name for name in names if name.endswith(tails) and name[0] != _DOT]


def _by_any(wanted: Sequence[_Name]) -> Select:
    literals = frozenset(name.head for name in wanted if name.tail is None and name.regex is None)
    tests = [name.accepts for name in wanted if name.tail is not None or name.regex is not None]
    return lambda names: [name for name in names if name in literals or any(test(name) for test in tests)]


def _common_folder(include: Collection[_Rest]) -> bytes:
    shared: list[bytes] | None = None
    for rest in include:
        folders = _literal_folders(rest)
        if shared is None:
            shared = folders
        else:
            same = [a == b for a, b in zip(shared, folders, strict=False)]
            shared = shared[: same.index(False) if False in same else len(same)]
    return b"".join(folder + b"/" for folder in shared or ())


def _literal_folders(rest: _Rest) -> list[bytes]:
    folders = []
    for name in rest[:-1]:
        if name.deep or name.tail is not None or name.regex is not None:
            break
        folders.append(name.head)
    return folders
