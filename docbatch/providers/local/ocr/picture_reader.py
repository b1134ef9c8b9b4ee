"""Reads one picture: which model, which way up, and what stands where on it."""

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageChops, ImageFilter

from docbatch.providers.local.engines import Options
from docbatch.providers.local.ocr import paddle, page_blocks, tesseract, ways
from docbatch.providers.local.ocr.paddle import Size
from docbatch.providers.local.ocr.page_blocks import Reading
from docbatch.providers.local.ocr.text_lines import Box, TextLine, slope_of, turned
from docbatch.providers.local.ocr.word_gaps import has_seams, respaced, strip_of

_SURE = 0.95
_UPSIDE_DOWN = 0.85
_TALL = 1.5
_LEAST_LETTERS = 3
_NOISE = 3
_SAMPLE = 512
_BLUR = 1.5
_TURNS = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}


def read(picture: Image.Image, options: Options, scale: float = 1.0) -> Reading | None:
    """Return what a grey or coloured picture says, None where there is nothing to see on it at all.

    `scale` is the length of a pixel in the unit of the blocks' boxes. Raises RuntimeError or ValueError.
    """
    if is_blank(picture):
        return None
    clean = _without_noise(picture)
    if ways.of(options) == "tesseract":
        grey = clean.convert("L")
        return page_blocks.read_from(tesseract.read(grey.tobytes(), *grey.size, options), scale)
    turn, lines = _lines(clean, options)
    blocks = page_blocks.of_lines(_respaced(lines, _turned(clean, turn).convert("L")), scale)
    size = (picture.width * scale, picture.height * scale)
    placed = [block | {"bbox": _turned_back(block["bbox"], turn, size)} for block in blocks]
    return Reading(placed, page_blocks.confidence(lines))


def is_blank(picture: Image.Image) -> bool:
    extremes = picture.convert("L").getextrema()
    return extremes[0] == extremes[1]


def _lines(picture: Image.Image, options: Options) -> tuple[int, list[TextLine]]:
    """Return by how many quarters the picture was turned to the left, and its lines then."""
    size: Size = "small" if options.ocr == "force" else "tiny"
    lines = paddle.read(picture, size)
    tried = [(0, lines)]
    if _is_sideways(lines):
        tried += [(turn, paddle.read(_turned(picture, turn), size)) for turn in (1, 3)]
    elif lines and page_blocks.confidence(lines) < _UPSIDE_DOWN:
        tried.append((2, paddle.read(_turned(picture, 2), size)))
    turn, lines = max(tried, key=lambda each: (_is_upright(each[1]), page_blocks.confidence(each[1])))
    if lines and size == "tiny" and page_blocks.confidence(lines) < _SURE:
        lines = paddle.read(_turned(picture, turn), "small") or lines
    return turn, lines


def _is_upright(lines: Sequence[TextLine]) -> bool:
    return bool(lines) and not _is_sideways(lines)


def _is_sideways(lines: Sequence[TextLine]) -> bool:
    """Whether most letters stand in lines that are higher than they are wide."""
    long = [line for line in lines if len(line.text) >= _LEAST_LETTERS]
    tall = sum(len(line.text) for line in long if line.height > line.width * _TALL)
    return tall * 2 > sum(len(line.text) for line in long)


def _turned(picture: Image.Image, turn: int) -> Image.Image:
    return picture.transpose(_TURNS[turn]) if turn else picture


def _turned_back(box: Sequence[float], turn: int, size: tuple[float, float]) -> list[float]:
    """Return where a box of a picture that was turned to the left stood before; `size` is that of before."""
    left, top, right, bottom = box
    width, height = size
    before: Box = (left, top, right, bottom)
    if turn == 1:
        before = (width - bottom, left, width - top, right)
    elif turn == 2:
        before = (width - right, height - bottom, width - left, height - top)
    elif turn == 3:
        before = (top, height - right, bottom, height - left)
    return [round(side, 2) for side in before]


def _without_noise(picture: Image.Image) -> Image.Image:
    """Return a picture with the grain of a bad scan taken out, which makes commas look like points."""
    left, top = (max(side - _SAMPLE, 0) // 2 for side in picture.size)
    sample = picture.convert("L").crop(
        (left, top, min(left + _SAMPLE, picture.width), min(top + _SAMPLE, picture.height))
    )
    grain = ImageChops.difference(sample, sample.filter(ImageFilter.MedianFilter(3))).histogram()
    fine = sum(grain[:_NOISE])
    return picture if fine * 2 > sum(grain) else picture.filter(ImageFilter.GaussianBlur(_BLUR))


def _respaced(lines: Sequence[TextLine], grey: Image.Image) -> list[TextLine]:
    slope = slope_of(lines) if any(has_seams(line.text) for line in lines) else 0.0
    return [
        replace(line, text=respaced(line.text, strip_of(grey, turned(line, slope), slope)))
        if has_seams(line.text)
        else line
        for line in lines
    ]
