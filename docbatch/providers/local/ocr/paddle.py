"""Pictures through faster-paddle, whose models lie in its package."""

import io
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from PIL import Image

from docbatch.processes import confine
from docbatch.providers.local.ocr.text_lines import TextLine, found

Size = Literal["tiny", "small"]

_LEAST_CONFIDENCE = 0.3
_LEAST_SIDE = 32
# The models see a picture with a long side of 1,600 pixels.
_LONG = 2.2
_LEAST_LONG = 2400
_PIECE = 1.5


def read(picture: Image.Image, size: Size) -> list[TextLine]:
    """Return the lines of a grey or coloured picture. Raises RuntimeError or ValueError."""
    if min(picture.size) < _LEAST_SIDE:
        picture = _framed(picture)
    return [line for box in _pieces(picture) for line in _read(picture, box, size)]


def _pieces(picture: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes to read one by one: what is much longer than wide would be made too small as a whole."""
    width, height = picture.size
    across, long = min(width, height), max(width, height)
    if long <= max(across * _LONG, _LEAST_LONG):
        yield 0, 0, width, height
        return
    shades = picture.convert("L").resize((1, height) if height > width else (width, 1), Image.Resampling.BOX)
    means = shades.tobytes()
    paper = max(range(256), key=shades.histogram().__getitem__)
    step = max(round(across * _PIECE), _LEAST_LONG // 2)
    start = 0
    while start < long:
        end = long
        if long - start > step * 1.25:
            end = min(
                range(start + step * 3 // 4, start + step),
                key=lambda place: (abs(means[place] - paper), -place),
            )
        yield (0, start, width, end) if height > width else (start, 0, end, height)
        start = end


def _read(picture: Image.Image, box: tuple[int, int, int, int], size: Size) -> Iterator[TextLine]:
    content = io.BytesIO()
    (picture if box == (0, 0, *picture.size) else picture.crop(box)).save(content, "BMP")
    with confine.unlimited_memory():
        answer = _model(size).ocr(content.getvalue())
    for bound in answer["bounds"].values():
        (left, top), (right, bottom) = bound["topLeftCoord"], bound["bottomRightCoord"]
        text = " ".join(bound["text"].split())
        if text and bound["confidence"] >= _LEAST_CONFIDENCE:
            place = (left + box[0], top + box[1], right + box[0], bottom + box[1])
            yield found(text, bound["confidence"], place)


@cache
def _model(size: Size) -> Any:
    import faster_paddle  # noqa: PLC0415 - only where a picture is read, and then it is the engine's own memory

    return faster_paddle.OcrEngine(model_size=size, threads=1)


def _framed(picture: Image.Image) -> Image.Image:
    """Return a picture on a larger sheet, to the right of it and below."""
    size = (max(picture.width, _LEAST_SIDE), max(picture.height, _LEAST_SIDE))
    sheet = Image.new(picture.mode, size, picture.getpixel((0, 0)))
    sheet.paste(picture, (0, 0))
    return sheet
