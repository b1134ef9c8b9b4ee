"""From lists to documents: every one with a path of its own, whatever it is called."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from docbatch.naming.filenames import fault
from docbatch.naming.links import BadLink, digest, normal, path_of, set_apart, shown
from docbatch.naming.references import Listed
from docbatch.specs.lists import ListEntry
from docbatch.specs.nodes import show_path

_NAME_THEM = "say in the column `name` of a list (urls_from:) what each is to be called"

Report = Callable[[ListEntry, str, str | None], None]
"""Takes a problem of an entry: what is wrong, and a hint."""


@dataclass(frozen=True, slots=True)
class _Named:
    """`fixed` paths are what users wrote; others may be changed to tell documents apart."""

    entry: ListEntry
    value: str
    path: str
    fixed: bool


def links(entries: Iterable[ListEntry], report: Report, *, private: bool) -> tuple[Listed, ...]:
    """Return the documents of links, in path order; problems go to `report`."""
    named = [link for entry in entries if (link := _link(entry, report, private=private))]
    return _listed(_set_apart(_once(named, report)), report)


def names(entries: Iterable[ListEntry], report: Report) -> tuple[Listed, ...]:
    """Return the documents of ids and texts, in path order; problems go to `report`."""
    named = [_Named(entry, entry.value, str(entry.name), fixed=True) for entry in entries]
    return _listed([each for each in named if _is_path(each, report)], report)


def _link(entry: ListEntry, report: Report, *, private: bool) -> _Named | None:
    try:
        url = normal(entry.value, private=private)
    except BadLink as error:
        report(entry, str(error), error.hint)
        return None
    named = _Named(entry, url, entry.name or path_of(url), fixed=entry.name is not None)
    return named if _is_path(named, report) else None


def _is_path(named: _Named, report: Report) -> bool:
    wrong = fault(named.path) if named.fixed else None
    if wrong is not None:
        report(named.entry, f"the name cannot be a path: {wrong}", "write as in folder/name.pdf")
    return wrong is None


def _once(named: Sequence[_Named], report: Report) -> list[_Named]:
    """Drop what is listed twice. What differs only in a signature, or in what is said about it, is no repetition."""
    first: dict[tuple[str, str | None], _Named] = {}
    kept = []
    for each in named:
        other = first.setdefault((digest(each.value), each.entry.name), each)
        if other is each:
            kept.append(each)
        elif other.value != each.value and shown(each.value) != each.value:
            message = f"this link is that of {_place(other.entry)} but for its signed query"
            report(each.entry, message, _NAME_THEM)
        elif other.entry.metadata != each.entry.metadata:
            message = f"this link is listed in {_place(other.entry)} as well, with other columns"
            report(each.entry, message, f"remove one, or {_NAME_THEM}")
    return kept


def _set_apart(named: Sequence[_Named]) -> list[_Named]:
    taken = Counter(_folded(each.path) for each in named)
    folders = {folder for path in taken for folder in _above(path)}
    return [
        _Named(each.entry, each.value, set_apart(each.path, each.value), fixed=False)
        if not each.fixed and (taken[_folded(each.path)] > 1 or _folded(each.path) in folders)
        else each
        for each in named
    ]


def _listed(named: Sequence[_Named], report: Report) -> tuple[Listed, ...]:
    """Refuse paths that one file system may keep as one, and files where a folder is needed."""
    first: dict[str, _Named] = {}
    for each in named:
        other = first.setdefault(_folded(each.path), each)
        if other is not each:
            message = f"the name '{each.path}' is that of {_place(other.entry)} as well"
            report(each.entry, message, "give one of them another name")
    for each in first.values():
        above = next((first[folder] for folder in _above(_folded(each.path)) if folder in first), None)
        if above is not None:
            message = f"the name '{each.path}' lies below that of {_place(above.entry)}"
            report(each.entry, message, "give one of them another name")
    documents = [Listed(each.path.encode(), each.value, each.entry.metadata) for each in first.values()]
    return tuple(sorted(documents, key=lambda document: document.path))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path.casefold())


def _above(path: str) -> Iterable[str]:
    end = path.find("/")
    while end > 0:
        yield path[:end]
        end = path.find("/", end + 1)


def _place(entry: ListEntry) -> str:
    return f"line {entry.place}" if isinstance(entry.place, int) else show_path(entry.place)
