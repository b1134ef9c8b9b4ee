"""Presentations, a slide a page."""

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow.unreadable import attempted
from docbatch.providers.local.office import package_facts
from docbatch.providers.local.office.embedded import EmbeddedFiles
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.slides import deck, slide
from docbatch.providers.local.office.slides.layouts import Layouts
from docbatch.providers.local.office.slides.slide import Slide

_RUNNING = frozenset({"header", "footer", "page_number"})


class SlidesEngine:
    label = "slides"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:  # noqa: ARG002 - one kind
        return attempted(
            "the presentation", lambda: _left_to_others(_parsed(OpcPackage(data), options), options)
        )

    def close(self) -> None:
        """Nothing is held."""


def _parsed(package: OpcPackage, options: Options) -> Parsed:
    found = deck.read(package)
    layouts = Layouts(package)
    files = EmbeddedFiles(package, options)
    pages: list[Json] = []
    lost: list[str] = []
    warnings = list(found.warnings)
    hidden: list[str] = []
    unread: list[int] = []
    for standing in found.standings:
        each = slide.read(found, layouts, standing)
        for part, program in each.embedded.items():
            files.add(part, f"slide {each.number}", program)
        lost += [f"slide {each.number}: {reason}" for reason in each.lost]
        warnings += [f"slide {each.number}: {warning}" for warning in each.warnings]
        hidden += [str(each.number)] if each.is_hidden else []
        unread += [each.number] if each.is_picture else []
        if each.blocks or not each.lost:
            pages.append(_page(each, options))
    if hidden:
        warnings.append(f"hidden and read: slide {', '.join(hidden)}")
    return Parsed(
        None,
        None,
        pages,
        attachments=files.attachments,
        metadata=_facts(package, len(found.standings)),
        warnings=[*warnings, *files.warnings],
        unread=unread,
        lost=[*lost, *files.lost],
    )


def _left_to_others(found: Parsed, options: Options) -> Parsed | Failure:
    """Return what was found, nothing where there are but pictures and the next engine reads those."""
    if options.reads_pictures and not found.has_text():
        return Failure(FailureClass.EMPTY, "no text was found in the presentation")
    return found


def _page(found: Slide, options: Options) -> Json:
    is_kept = options.running_lines == "keep"
    shown = [block for block in found.blocks if is_kept or block.get("role") not in _RUNNING]
    return {
        "number": found.number,
        "text": blocks.text(shown),
        "markdown": blocks.markdown(shown),
        "blocks": shown,
    }


def _facts(package: OpcPackage, slides: int) -> Json:
    return package_facts.read(package) | {"slide_count": slides}
