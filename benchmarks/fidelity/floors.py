"""The bench in a form that the test suite can bear: the made documents that are quick and need no font of the machine's."""

import tempfile
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

from fidelity.compare import MADE, scored
from fidelity.made.every import samples
from fidelity.ours import read_all
from fidelity.report import OURS, Scored, means

# Slow ones, and those that are there only where a font is.
_LEFT_OUT = ("pdf/pages-1001*", "pdf/tounicode-*", "pdf/script-*", "pdf/typography-embedded*")
FIGURES = ("recall", "precision", "digits", "unicode", "order", "text_order", "headings", "rel", "outcome")


def measured() -> dict[str, list[Scored]]:
    """Read the documents without OCR, and return their scores by format."""
    chosen = [sample for sample in samples() if not any(fnmatch(sample.name, left) for left in _LEFT_OUT)]
    with tempfile.TemporaryDirectory() as folder:
        for sample in chosen:
            path = Path(folder) / sample.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(sample.data)
        found = read_all(
            {each.name: Path(folder) / each.name for each in chosen}, config={"ocr": "off"}, width=1
        )
    groups: dict[str, list[Scored]] = defaultdict(list)
    for row in scored(OURS, MADE, {each.name: each.truth for each in chosen}, found):
        groups[row.group].append(row)
    return dict(groups)


def reached() -> dict[str, dict[str, float]]:
    """Return the mean figures by format."""
    found = {group: means(rows) for group, rows in sorted(measured().items())}
    return {
        group: {name: values[name] for name in FIGURES if name in values} for group, values in found.items()
    }
