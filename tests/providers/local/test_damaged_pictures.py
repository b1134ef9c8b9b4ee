"""Scanned pages whose picture is damaged: named, never taken for blank pages."""

import zlib
from pathlib import Path

import pytest

from docbatch.providers.local import engines
from docbatch.providers.local.engines import PDF, Options, Parsed
from docbatch.providers.local.messages import Written
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.pool import CATALOGUE
from tests.providers.local.harness import bench
from tests.providers.local.specimens import pdf_of, stream

WIDTH, HEIGHT = 120, 160
WHITE = zlib.compress(b"\xff" * WIDTH * HEIGHT)
DAMAGED = "page 2: its picture is damaged and cannot be shown"
BREAKS_OFF = "page 2: its picture breaks off"

LEFT = "lost: the file is damaged: what could be found in it was read, and more may be missing"


def scanned(picture: bytes, filter_: str, width: int = WIDTH) -> bytes:
    """Return a PDF whose first page has words, and whose second one is this picture."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents %d 0 R/Resources<</Font<</F 7 0 R>>/XObject<</I 8 0 R>>>>>>"
    about = (
        f"/Type/XObject/Subtype/Image/Width {width}/Height {HEIGHT}/ColorSpace/DeviceGray/BitsPerComponent 8"
    )
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>",
            page % 5,
            page % 6,
            stream(b"BT /F 14 Tf 40 300 Td (Delivery note 2207) Tj ET"),
            stream(b"q 300 0 0 400 0 0 cm /I Do Q"),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            stream(picture, f"{about}/Filter/{filter_}".encode()),
        ]
    )


def read(data: bytes, options: Options) -> Parsed:
    outcome = engines.load("liteparse").extract(data, PDF, options)
    assert isinstance(outcome, Parsed), outcome
    return outcome


@pytest.mark.parametrize("ocr", ["off", "auto"])
@pytest.mark.parametrize(
    ("picture", "filter_", "lost"),
    [
        (b"no picture at all" * 20, "JPXDecode", DAMAGED),
        (b"no picture at all" * 20, "JBIG2Decode", DAMAGED),
        (b"\xff\xd8 no picture at all \xff\xd9", "DCTDecode", DAMAGED),
        (b"\xff\xd8 no picture at all", "DCTDecode", BREAKS_OFF),
        (b"no picture at all", "FlateDecode", BREAKS_OFF),
        (WHITE[:9], "FlateDecode", BREAKS_OFF),
    ],
)
def test_a_damaged_scan_is_a_loss(picture: bytes, filter_: str, lost: str, ocr: engines.Ocr) -> None:
    if ocr == "auto" and not ways.has_paddle():
        pytest.skip("the extra ocr is not installed")
    parsed = read(scanned(picture, filter_), Options(ocr=ocr))
    assert (parsed.lost, list(parsed.unread)) == ([lost], [])


def test_a_picture_larger_than_what_is_read_is_a_loss() -> None:
    parsed = read(scanned(WHITE, "FlateDecode", width=2_000_000), Options(ocr="off"))
    assert parsed.lost == ["page 2: its picture has more than the 178,956,970 pixels that are read"]


def test_a_white_page_is_blank_and_a_whole_scan_is_whole() -> None:
    assert read(scanned(WHITE, "FlateDecode"), Options(ocr="off")).lost == []
    scan = (Path(__file__).parents[3] / "samples/difficult/scan.pdf").read_bytes()
    assert read(scan, Options(ocr="off")).lost == []


@pytest.mark.skipif(not ways.has_paddle(), reason="the extra ocr is not installed")
def test_a_picture_without_letters_is_no_blank_page() -> None:
    checks = bytes((x // 40 + y // 40) % 2 * 255 for y in range(HEIGHT) for x in range(WIDTH))
    parsed = read(scanned(zlib.compress(checks), "FlateDecode"), Options())
    assert parsed.pages[1]["blocks"] == [{"kind": "image", "text": ""}]
    assert parsed.warnings == ["ocr: no letters were found in the picture on page 2"]


def test_what_is_left_of_a_pdf_that_was_cut_off_is_partial(tmp_path: Path) -> None:
    whole = scanned(WHITE, "FlateDecode")
    with bench(tmp_path, catalogue=CATALOGUE) as real:
        ends = (whole.index(b"xref\n0 "), whole.index(b"q 300 0 0 400"))
        cut = [real.task(f"cut-at-{end}", whole[:end], PDF, timeout=60.0) for end in ends]
        answers = real.run(*cut).values()
    for answer in answers:
        assert isinstance(answer, Written), answer
        assert answer.partial
        assert LEFT in answer.warnings
        assert not any(each.startswith("empty: ") for each in answer.warnings)
        assert answer.warnings[-1].startswith("liteparse failed, and another engine read it: ")
