"""Pictures of pages with known truth: clean, noisy and skewed, grey and blurred, in four languages."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from fidelity import compare
from fidelity.made.pdf_layout import Layout, Setter
from fidelity.made.pdf_writer import write
from fidelity.made.story import Block, Head, Para, Teller, truth
from fidelity.ours import read_all
from fidelity.report import OURS, Scored
from fidelity.truth import Truth, write_truths

SCANS = "scans"
LANGUAGES = {"eng": "en", "deu": "de", "fra": "fr", "spa": "es"}
PAGES = 2

# How a page is scanned: dots an inch, degrees of skew, share of noise, radius of blur, suffix.
_MANNERS = {
    "clean": (300, 0.0, 0.0, 0.0, "png"),
    "noisy": (150, 1.3, 0.12, 0.0, "pdf"),
    "grey": (200, -0.9, 0.03, 0.9, "pdf"),
}


class Read(NamedTuple):
    """What was scored, and how long a page took: seconds of processor time, and of the clock, start-up included."""

    scored: list[Scored]
    cpu: float
    seconds: float


def make(folder: Path) -> dict[str, Truth]:
    """Write the scans below `folder`. The pictures are drawn in an environment that has pypdfium2 and Pillow."""
    orders, truths = [], {}
    for order, name, known in _pages(folder):
        orders.append(json.dumps(order))
        truths[name] = known
    python = compare.python_of("scanner", folder.parent / "venvs")
    subprocess.run(
        [python, Path(__file__).with_name("scanner.py")], input="\n".join(orders), check=True, text=True
    )
    write_truths(folder, truths)
    return truths


def _pages(folder: Path) -> Iterator[tuple[dict[str, object], str, Truth]]:
    for language, short in LANGUAGES.items():
        for number in range(1, PAGES + 1):
            story = _story(short, number)
            setter = Setter(Layout(size=11)).story(story)
            assert len(setter.sheets) == 1
            pdf = folder / "drawn" / f"{language}-{number}.pdf"
            pdf.parent.mkdir(parents=True, exist_ok=True)
            pdf.write_bytes(write(setter.sheets, setter.layout.fonts))
            for manner, (dots, skew, noise, blur, suffix) in _MANNERS.items():
                name = f"{language}/{manner}-{number}.{suffix}"
                (folder / language).mkdir(exist_ok=True)
                order = {
                    "pdf": str(pdf),
                    "out": str(folder / name),
                    "dots": dots,
                    "skew": skew,
                    "noise": noise,
                    "blur": blur,
                }
                # Headings of a scan are a matter of taste; its words are not.
                yield order, name, replace(truth(story), headings=(), tables=(), group=language)


def _story(short: str, number: int) -> list[Block]:
    teller = Teller(short, 800 + number)
    story: list[Block] = [Head(teller.sentence(5)[:-1]), teller.paragraph(4), teller.paragraph(3)]
    if number % 2 == 0:
        story.append(teller.items(5))
    lines = [Para(f"Nr. {teller.number()} – {teller.number()}") for _ in range(4)]
    return [*story, Head(teller.sentence(4)[:-1], 2), teller.paragraph(4), *lines]


def read(folder: Path, truths: dict[str, Truth], ocr: str) -> Read:
    """Read the scans of each language as a job of that language would."""
    rows: list[Scored] = []
    started, before = time.perf_counter(), compare.cpu_seconds()
    for language in LANGUAGES:
        own = {name: known for name, known in truths.items() if known.group == language}
        config = {"ocr": ocr, "languages": [language]}
        rows += compare.scored(
            OURS, SCANS, own, read_all({name: folder / name for name in own}, config=config)
        )
    pages = len(truths)
    return Read(rows, (compare.cpu_seconds() - before) / pages, (time.perf_counter() - started) / pages)


def by_manner(rows: list[Scored]) -> list[Scored]:
    """Return the rows grouped by how the page was scanned."""
    return [
        replace(row, corpus="scans by manner", group=row.name.split("/")[1].split("-")[0]) for row in rows
    ]
