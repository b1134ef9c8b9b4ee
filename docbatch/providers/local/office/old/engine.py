"""Documents of Word and PowerPoint 97 (doc, ppt): the general engine's reading, held against what the file says it holds."""

from dataclasses import replace

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks, engines, word_guard
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow import compound_file
from docbatch.providers.local.office.old import word_pieces

_WORD = "application/msword"
_TOKEN_PLACE = 12
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
        return _own(said, parsed) if isinstance(parsed, Failure) else _completed(parsed, said)

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
    whole = "\n".join(filter(None, (parsed.text, parsed.markdown)))
    known = set(word_guard.words(whole))
    before = [
        each for each in _beside(said, is_header=True) if not known.issuperset(word_guard.words(each["text"]))
    ]
    after = [
        each
        for each in _beside(said, is_header=False)
        if not known.issuperset(word_guard.words(each["text"]))
    ]
    put_back = [blocks.paragraph(line) for line in said.body if not known.issuperset(word_guard.words(line))]
    told = ["some words stand at the end, since their place is not known"] if put_back else []
    warnings = [*parsed.warnings, *told]
    if parsed.pages or not (before or after or put_back):
        return replace(parsed, warnings=warnings)
    extra = [*put_back, *after]
    return replace(
        parsed,
        markdown="\n\n".join(
            filter(None, (blocks.markdown(before), (parsed.markdown or "").strip(), blocks.markdown(extra)))
        ),
        text="\n\n".join(
            filter(None, (blocks.text(before), (parsed.text or "").strip(), blocks.text(extra)))
        ),
        blocks=[*before, *parsed.blocks, *extra],
        warnings=warnings,
    )


def _beside(said: word_pieces.OldWordText, *, is_header: bool) -> list[Json]:
    return [
        blocks.paragraph(line) | ({"role": role} if role else {})
        for role, line in said.beside
        if (role == "header") is is_header
    ]
