"""Pictures: every frame of a file is a page, read where this machine reads pictures."""

from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image, UnidentifiedImageError

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local import blocks
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import Json, Options, Parsed, label
from docbatch.providers.local.ocr import picture_frames, picture_reader, ways
from docbatch.providers.local.ocr.picture_frames import TooManyPixels
from docbatch.providers.local.ocr.said import pages_named, told

DAMAGE = (OSError, SyntaxError, ValueError, EOFError)
"""What Pillow raises of a damaged picture."""

_POINTS = 72
# Cameras put the same picture into such a file again, in other sizes.
_PREVIEWS = "MPO"
_USUAL_DPI = 96
_LEAST_DPI = 50


@dataclass(slots=True)
class _Frames:
    """What was made of a file's frames so far; numbers count from 1."""

    pages: list[Json] = field(default_factory=list)
    read: dict[int, float] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class PicturesEngine:
    label = label("pillow")

    def warm_up(self) -> None:
        Image.init()

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            with picture_frames.opened(data) as picture:
                return _parsed(picture, options)
        except TooManyPixels:
            most = f"{picture_frames.MOST_PIXELS:,}"
            return Failure(
                FailureClass.TOO_LARGE, f"the picture has more than the {most} pixels that are read"
            )
        except UnidentifiedImageError:
            return Failure(FailureClass.UNSUPPORTED, "not a picture that Pillow knows")
        except DAMAGE as error:
            return Failure(FailureClass.CORRUPT, f"the picture is damaged: {error}")

    def close(self) -> None:
        """Nothing is held."""


def _parsed(picture: Image.Image, options: Options) -> Parsed:
    frames = _Frames()
    number = 0
    while _has_frame(picture, number):
        number += 1
        if number > 1 and CURRENT.is_near():
            left = getattr(picture, "n_frames", number)
            late = pages_named(range(number, left + 1))
            frames.lost.append(f"{late} not read within the timeout of {CURRENT.seconds:g} seconds")
            break
        frames.pages.append(_page(picture, number, options, frames))
    return Parsed(
        markdown=None,
        text=None,
        pages=frames.pages,
        metadata={"format": picture.format, "pages": len(frames.pages)},
        warnings=told(frames.read),
        unread=frames.unread,
        lost=frames.lost,
        looked_at=ways.of(options) is not None,
    )


def _has_frame(picture: Image.Image, number: int) -> bool:
    if number and picture.format == _PREVIEWS:
        return False
    try:
        picture.seek(number)
    except EOFError:
        return False
    return True


def _page(picture: Image.Image, number: int, options: Options, frames: _Frames) -> Json:
    page: Json = {"number": number, "text": "", "markdown": "", "blocks": []}
    seen = _frame(picture, number, frames)
    if seen is None:
        return page
    # A large picture is made smaller before it is read.
    scale = _POINTS / _dpi(picture) * max(picture.size) / max(seen.size)
    page |= {"width": round(seen.width * scale, 2), "height": round(seen.height * scale, 2)}
    if ways.of(options) is None:
        if not picture_reader.is_blank(seen):
            frames.unread.append(number)
        return page
    try:
        reading = picture_reader.read(seen, options, scale)
    except (RuntimeError, ValueError) as error:
        frames.lost.append(f"page {number}: it could not be read: {error}")
        return page
    if reading and reading.blocks:
        page |= {
            "text": blocks.text(reading.blocks),
            "markdown": blocks.markdown(reading.blocks),
            "blocks": reading.blocks,
            "confidence": round(reading.confidence, 3),
        }
        frames.read[number] = reading.confidence
    return page


def _frame(picture: Image.Image, number: int, frames: _Frames) -> Image.Image | None:
    """Return a frame, as far as it goes where the file is damaged, None where nothing is left of it."""
    try:
        return picture_frames.frame(picture, number - 1)
    except DAMAGE as error:
        with picture_frames.as_far_as_it_goes(), suppress(*DAMAGE):
            seen = picture_frames.frame(picture, number - 1)
            frames.lost.append(
                f"page {number}: the picture is damaged ({error}); what is left of it was read"
            )
            return seen
        frames.lost.append(f"page {number}: the picture is damaged: {error}")
        return None


def _dpi(picture: Image.Image) -> float:
    told_dpi = picture.info.get("dpi")
    try:
        dpi = float(told_dpi[0]) if told_dpi else 0.0
    except (TypeError, ValueError, ZeroDivisionError):
        dpi = 0.0
    return dpi if dpi >= _LEAST_DPI else _USUAL_DPI
