"""What a result says of pages that were read as pictures."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from docbatch.providers.local.ocr.page_blocks import UNSURE


def told(confidences: Mapping[int, float]) -> list[str]:
    """Return the warnings on pages read as pictures, given by number, and how sure the model was of each."""
    if not confidences:
        return []
    numbers = list(confidences)
    low, high = min(confidences.values()), max(confidences.values())
    sure = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    read = "was read as a picture" if len(numbers) == 1 else "were read as pictures"
    warnings = [f"ocr: {pages_named(numbers)} {read} (confidence {sure})"]
    unsure = [number for number, confidence in confidences.items() if confidence < UNSURE]
    if unsure:
        warnings.append(f"ocr: much of {pages_named(unsure)} may be misread")
    return warnings


def pages_named(numbers: Sequence[int]) -> str:
    """Return "page 3", or "pages 3, 5 to 9"."""
    runs = []
    for _, run in groupby(enumerate(numbers), key=lambda each: each[1] - each[0]):
        pages = [number for _, number in run]
        runs.append(f"{pages[0]} to {pages[-1]}" if len(pages) > 1 else f"{pages[0]}")
    return f"{'page' if len(numbers) == 1 else 'pages'} {', '.join(runs)}"
