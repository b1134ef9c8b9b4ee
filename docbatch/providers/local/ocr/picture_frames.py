"""The frames of a picture file, each as a person sees it: upright, on white, grey or coloured."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile, ImageMode, ImageOps

MOST_PIXELS = 178_956_970
"""A picture of more pixels is not opened."""

_READ = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP")
_MOST_READ = 16_000_000
_WHITE = (255, 255, 255, 255)


class TooManyPixels(Exception):
    """A picture takes more memory than any that is worth reading."""


@contextmanager
def opened(data: bytes) -> Iterator[Image.Image]:
    """Open a picture file. Raises TooManyPixels, PIL.UnidentifiedImageError, or OSError where it is damaged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_READ) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise TooManyPixels(f"a picture of {picture.width} x {picture.height} pixels")
                yield picture
        except Image.DecompressionBombError as error:
            raise TooManyPixels(str(error)) from error


def frame(picture: Image.Image, number: int) -> Image.Image:
    """Return a frame of an opened file, counted from 0. Raises TooManyPixels, OSError or ValueError."""
    picture.seek(number)
    if picture.width * picture.height > MOST_PIXELS:
        raise TooManyPixels(f"a picture of {picture.width} x {picture.height} pixels")
    picture.load()
    seen = ImageOps.exif_transpose(_bounded(picture))
    return _on_white(seen)


@contextmanager
def as_far_as_it_goes() -> Iterator[None]:
    """Let a file that was cut be read up to its end."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _bounded(picture: Image.Image) -> Image.Image:
    pixels = picture.width * picture.height
    if pixels <= _MOST_READ:
        return picture
    scale = (_MOST_READ / pixels) ** 0.5
    smaller = picture.convert("L") if picture.mode in {"1", "I;16", "I", "F"} else picture
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    small = smaller.resize(size, Image.Resampling.BOX)
    small.info = picture.info
    return small


def _on_white(picture: Image.Image) -> Image.Image:
    """Return a picture in grey or colours, what shines through it white, 16 bits as 8."""
    mode = picture.mode
    if mode == "LAB":
        return picture.getchannel("L")
    if mode in {"L", "RGB"} and "transparency" not in picture.info:
        return picture
    if mode.startswith(("I", "F")):
        return _stretched(picture)
    if mode in {"LA", "PA", "RGBA", "RGBa", "La"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        sheet = Image.new("RGBA", seen.size, _WHITE)
        return Image.alpha_composite(sheet, seen).convert("RGB")
    return picture.convert("L" if ImageMode.getmode(mode).basemode == "L" else "RGB")


def _stretched(picture: Image.Image) -> Image.Image:
    """Return a picture of more than 8 bits as one of 8, from its darkest shade to its lightest."""
    wide = picture.convert("F")
    low, high = wide.getextrema()
    if not isinstance(low, float) or not isinstance(high, float) or high <= low:
        return Image.new("L", picture.size, 255)
    scale = 255 / (high - low)
    return wide.point(lambda shade: shade * scale + -low * scale).convert("L")
