"""Documents of Word and PowerPoint 97 (doc, ppt): the general engine's reading, held against what the file says it holds."""

import re
from collections.abc import Sequence
from dataclasses import replace

from docbatch.core.models import Failure, FailureClass
from docbatch.media import compound_file
from docbatch.providers.local import blocks, engines, word_guard
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.office.old import word_changes, word_pieces

_WORD = "application/msword"
_TOKEN_PLACE = 12
_COUNTED = re.compile(r"\s*\d")
_LOCKED_SHOW = bytes.fromhex("dfc4d1f3")


class OldOfficeEngine:
    label = engines.label(engines.GENERAL)

    def __init__(self) -> None:
        self._inner = engines.load(engines.GENERAL)

    def warm_up(self) -> None:
        self._inner.warm_up()

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            streams = compound_file.read(data).streams
        except ValueError as error:
            return Failure(FailureClass.CORRUPT, f"the file is damaged: {error}")
        if _is_locked(streams):
            return Failure(FailureClass.ENCRYPTED, "the document needs a password")
        said = word_pieces.read(streams) if media_type == _WORD else None
        parsed = self._inner.extract(data, media_type, options)
        if said is None:
            return parsed
        changes = word_changes.found(streams)
        if isinstance(parsed, Failure):
            own = _own(said, parsed)
            return own if isinstance(own, Failure) else _judged(own, said, changes)
        return _judged(_completed(parsed, said), said, changes)

    def close(self) -> None:
        self._inner.close()


def _is_locked(streams: dict[str, bytes]) -> bool:
    show = streams.get("Current User", b"")
    return word_pieces.is_locked(streams.get("WordDocument", b"")) or show[_TOKEN_PLACE:].startswith(
        _LOCKED_SHOW
    )


def _own(said: word_pieces.OldWordText, failure: Failure) -> Parsed | Failure:
    """Return the words alone where the general engine fails."""
    if not said.body:
        return failure
    read = [
        *_beside(said, is_header=True),
        *map(blocks.paragraph, said.body),
        *_beside(said, is_header=False),
    ]
    warning = f"headings, lists and tables are not told from other words: {failure.message}"
    return Parsed(None, None, blocks=read, warnings=[warning])


def _completed(parsed: Parsed, said: word_pieces.OldWordText) -> Parsed:
    """Return what was read with what stands beside the body, and with words of the body that are missing."""
    parsed = _without_running(parsed)
    known = set(word_guard.words(parsed.markdown or parsed.text or ""))
    before = _beside(said, is_header=True)
    after = [
        each
        for each in _beside(said, is_header=False)
        if each.get("role") == "footer" or not known.issuperset(word_guard.words(each["text"]))
    ]
    put_back = [blocks.paragraph(line) for line in said.body if not known.issuperset(word_guard.words(line))]
    told = ["some words stand at the end, since their place is not known"] if put_back else []
    warnings = [*parsed.warnings, *told]
    extra = [*put_back, *after]
    if not (before or extra):
        return replace(parsed, warnings=warnings)
    return replace(
        parsed,
        markdown="\n\n".join(
            filter(None, (blocks.markdown(before), (parsed.markdown or "").strip(), blocks.markdown(extra)))
        ),
        text="\n\n".join(
            filter(None, (blocks.text(before), (parsed.text or "").strip(), blocks.text(extra)))
        ),
        pages=_around(parsed.pages, before, extra),
        blocks=() if parsed.pages else [*before, *parsed.blocks, *extra],
        warnings=warnings,
    )


def _without_running(parsed: Parsed) -> Parsed:
    """Leave out headers and footers, which the engine has in its text, once for each page, and not in its Markdown."""
    kept = [block for block in parsed.blocks if block.get("role") not in {"header", "footer"}]
    return parsed if len(kept) == len(parsed.blocks) else replace(parsed, blocks=kept, text=blocks.text(kept))


def _around(pages: Sequence[Json], before: list[Json], after: list[Json]) -> list[Json]:
    """Return pages with what stands before the first and after the last of them."""
    around = [dict(page) for page in pages]
    for page, first, last in ((around[0], before, []), (around[-1], [], after)) if around else ():
        page["blocks"] = [*first, *page.get("blocks", ()), *last]
        for name, write in (("text", blocks.text), ("markdown", blocks.markdown)):
            page[name] = "\n\n".join(
                filter(None, (write(first), page.get(name) or page["text"], write(last)))
            )
    return around


def _judged(parsed: Parsed, said: word_pieces.OldWordText, changes: set[str]) -> Parsed:
    """Return what was read with a word on what of it does not stand as a reader sees it."""
    lost, warnings = list(parsed.lost), list(parsed.warnings)
    if "deleted" in changes:
        lost.append("tracked changes: deleted words stand among those that are left")
    elif "inserted" in changes:
        warnings.append("the document has tracked changes; it is read as if all were accepted")
    if "hidden" in changes:
        warnings.append("the document has hidden text; it is not marked")
    if said.has_tables and not any(block["kind"] == "table" for block in _all(parsed)):
        lost.append("tables: their words are read, where each cell ends is not")
    if any(block["kind"] == "list" and _COUNTED.match(block["text"]) for block in _all(parsed)):
        warnings.append("the numbers of lists are counted, not read; those that are shown may differ")
    return replace(parsed, lost=lost, warnings=warnings)


def _all(parsed: Parsed) -> list[Json]:
    return [*parsed.blocks, *(block for page in parsed.pages for block in page.get("blocks", ()))]


def _beside(said: word_pieces.OldWordText, *, is_header: bool) -> list[Json]:
    return [
        blocks.paragraph(line) | ({"role": role} if role else {})
        for role, line in said.beside
        if (role == "header") is is_header
    ]
