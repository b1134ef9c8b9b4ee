"""Scans and pictures, read by the models of the extra `ocr`."""

from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.processes import confine
from docbatch.providers.local import engines
from docbatch.providers.local.deadline import CURRENT
from docbatch.providers.local.engines import PDF, Options, Parsed
from docbatch.providers.local.ocr import tesseract_data, ways
from docbatch.providers.local.pdf import readable_text
from tests.providers.local import scans, specimens

Image = pytest.importorskip("PIL.Image", reason="the extra ocr is not installed")
NEEDS_MODELS = pytest.mark.skipif(not ways.has_paddle(), reason="the extra ocr is not installed")
GREEK = Options(languages=("ell",), tessdata=None)


def read(name: str, data: bytes, **options: Any) -> Parsed:
    outcome = engines.load(name).extract(data, PDF, Options(**options))
    assert isinstance(outcome, Parsed), outcome
    return outcome


def markdown(parsed: Parsed) -> str:
    return "\n\n".join(page["markdown"] for page in parsed.pages)


def is_whole(parsed: Parsed) -> bool:
    return all(line in " ".join(page["text"] for page in parsed.pages) for line in scans.LINES)


def unlikely_pdf(shift: int) -> bytes:
    """Return a PDF that shows sentences and says each letter `shift` places further on in the alphabet."""
    seen = ("the harbour office opens at seven", "and no boat leaves the pier before")
    codes = [(ord("a") + place, ord("a") + (place + shift) % 26) for place in range(26)]
    pairs = b"\n".join(b"<%02x> <%04x>" % pair for pair in [(32, 32), *codes])
    to_unicode = specimens.stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <ff> endcodespacerange\n27 beginbfchar\n%b\nendbfchar\nendcmap end end"
        % pairs
    )
    drawn = b"".join(
        b"BT /F1 16 Tf 40 %d Td (%s) Tj ET\n" % (250 - 30 * number, line.encode())
        for number, line in enumerate(seen)
    )
    return specimens.pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            specimens.stream(drawn),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
            to_unicode,
        ]
    )


@NEEDS_MODELS
@pytest.mark.parametrize("rotate", [0, 90])
def test_a_scanned_page_is_read_whole(rotate: int) -> None:
    parsed = read("liteparse", scans.scan(scans.picture(), rotate=rotate))
    assert is_whole(parsed)
    assert not parsed.unread
    (page,) = parsed.pages
    assert page["confidence"] > 0.9
    assert parsed.warnings == [f"ocr: page 1 was read as a picture (confidence {page['confidence']:.2f})"]
    assert all(block["confidence"] > 0.9 and len(block["bbox"]) == 4 for block in page["blocks"])


@NEEDS_MODELS
@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_picture_of_a_turned_page_is_read_upright(turn: int) -> None:
    upright, turned = scans.picture(), scans.picture().rotate(turn, expand=True)
    parsed = read("pictures", scans.saved(turned, "PNG", dpi=(150, 150)))
    assert is_whole(parsed)
    left, top, right, bottom = parsed.pages[0]["blocks"][0]["bbox"]
    assert (right - left > bottom - top) == (turn == 180)
    assert max(left, right) <= turned.width * 72 / 150
    assert upright.size != turned.size or turn == 180


@NEEDS_MODELS
def test_a_page_with_good_text_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.providers.local.pdf.page_pictures.read", pytest.fail)
    for data in (specimens.pdf(), scans.text_page()):
        assert markdown(read("liteparse", data)) == markdown(read("liteparse", data, ocr="off"))


@NEEDS_MODELS
def test_a_scan_keeps_a_good_layer_of_text_that_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.providers.local.pdf.page_pictures.read", pytest.fail)
    layer = b"BT 3 Tr /F1 9 Tf 20 50 Td (A layer of text below the picture says what the scan shows, word by word.) Tj ET"
    parsed = read("liteparse", scans.scan(scans.picture(), on_top=layer))
    assert "word by word" in parsed.pages[0]["text"]
    assert "confidence" not in parsed.pages[0]


@NEEDS_MODELS
def test_a_stamp_on_a_scan_stays_and_the_scan_is_read() -> None:
    stamp = b"BT 3 Tr /F1 9 Tf 20 5 Td (ACME 000123) Tj ET"
    parsed = read("liteparse", scans.scan(scans.picture(), on_top=stamp))
    assert is_whole(parsed)
    assert "ACME 000123" in parsed.pages[0]["text"]


@NEEDS_MODELS
def test_a_letterhead_as_text_above_a_body_as_picture_are_both_there() -> None:
    head = b"BT /F1 12 Tf 20 185 Td (Harper and Sons, rope works) Tj ET"
    parsed = read("liteparse", scans.scan(scans.picture(), on_top=head, place=(0, 0, 400, 160)))
    text = parsed.pages[0]["text"]
    assert is_whole(parsed)
    assert text.count("Harper and Sons") == 1
    assert text.index("Harper") < text.index("Delivery")


@NEEDS_MODELS
def test_text_that_is_not_what_is_seen_is_read_from_the_picture() -> None:
    parsed = read("liteparse", unlikely_pdf(shift=3))
    assert "the harbour office opens at seven" in markdown(parsed)
    assert parsed.warnings


@NEEDS_MODELS
def test_a_font_without_letters_is_read_from_the_picture_or_lost_by_name() -> None:
    codes = b"BT /F1 16 Tf 40 100 Td (\\001\\002\\003 \\004\\005\\006 \\007\\010) Tj ET"
    data = scans.scan(scans.picture(), on_top=codes)
    assert is_whole(read("liteparse", data))
    lost = read("liteparse", data, languages=("ell",)).lost
    assert [each.partition(";")[0] for each in lost] in (
        ["page 1: its font says nothing about its letters"],
        [],
    )


@NEEDS_MODELS
def test_forced_reading_reads_pages_that_have_text() -> None:
    parsed = read("liteparse", scans.text_page(), ocr="force")
    assert is_whole(parsed)
    assert parsed.pages[0]["confidence"] > 0.9


@NEEDS_MODELS
def test_a_picture_without_letters_is_no_loss() -> None:
    only = read("liteparse", scans.scan(Image.linear_gradient("L")))
    assert not only.unread
    assert not only.warnings
    assert only.looked_at
    assert not only.has_text()


def test_a_page_that_shows_nothing_is_not_missed() -> None:
    white = scans.scan(Image.new("L", (300, 200), 255))
    assert not read("liteparse", white, ocr="off").unread
    assert read("liteparse", scans.scan(scans.picture()), ocr="off").unread == [1]


def test_pages_that_nothing_reads_are_named_with_what_to_install() -> None:
    assert ways.of(GREEK) is None
    assert ways.advice(GREEK) == "install tesseract-ocr-ell and run 'docbatch retry'"
    assert "ocr: auto" in ways.advice(Options(ocr="off"))
    assert ways.parts(GREEK) == ways.parts(Options(ocr="off")) == {}


@NEEDS_MODELS
def test_the_models_version_is_part_of_what_shapes_a_result() -> None:
    assert set(ways.parts(Options())) == {"faster-paddle"}


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "has_paddle", lambda: False)
    assert ways.of(Options()) is None
    assert "tesseract-ocr-eng" in ways.advice(Options())
    assert ways.of(Options(tessdata="/data")) == "tesseract"


def test_the_size_of_tesseracts_data_is_part_of_what_shapes_a_result(tmp_path: Path) -> None:
    (tmp_path / "ell.traineddata").write_bytes(b"12345")
    options = Options(languages=("ell",), tessdata=str(tmp_path))
    assert ways.parts(options) == {"tesseract-data": "ell:5"}
    assert tesseract_data.folder(["ell"], {"TESSDATA_PREFIX": str(tmp_path)}) == str(tmp_path)


@NEEDS_MODELS
def test_pages_that_are_not_reached_in_time_are_lost_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CURRENT, "is_near", lambda: True)
    monkeypatch.setattr(CURRENT, "seconds", 5.0)
    parsed = read("liteparse", specimens.pdf(scanned=(2,)))
    assert parsed.lost == ["page 2 was not read as a picture within the timeout of 5 seconds"]
    assert not parsed.unread


@NEEDS_MODELS
def test_every_frame_of_a_picture_is_a_page() -> None:
    first, second = scans.picture(("First page 1",)), scans.picture(("Second page 2",))
    data = scans.saved(first.convert("1"), "TIFF", save_all=True, append_images=[second.convert("1")])
    assert [page["text"] for page in read("pictures", data).pages] == ["First page 1", "Second page 2"]


@NEEDS_MODELS
@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "JPEG"), ("I;16", "PNG"), ("P", "GIF"), ("YCbCr", "TIFF")]
)
def test_pictures_of_all_kinds_are_read(mode: str, kind: str) -> None:
    assert is_whole(read("pictures", scans.saved(scans.picture().convert(mode), kind)))


@NEEDS_MODELS
def test_what_shines_through_is_white_and_a_camera_held_sideways_does_no_harm() -> None:
    letters = scans.picture().point(lambda shade: 255 - shade)
    black = Image.new("RGBA", letters.size, (0, 0, 0, 0))
    black.putalpha(letters)
    assert is_whole(read("pictures", scans.saved(black, "PNG")))

    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = scans.picture().rotate(90, expand=True)
    assert is_whole(read("pictures", scans.saved(sideways, "JPEG", exif=exif)))


def test_a_picture_of_too_many_pixels_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.providers.local.ocr.picture_frames.MOST_PIXELS", 100)
    outcome = engines.load("pictures").extract(specimens.png(60, 40), "image/png", Options())
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureClass.TOO_LARGE


def test_damaged_pictures_are_read_as_far_as_they_go_and_say_so() -> None:
    whole = scans.saved(scans.picture(), "JPEG")
    parsed = read("pictures", whole[: len(whole) * 2 // 3], ocr="off")
    assert parsed.lost
    assert parsed.lost[0].startswith("page 1: the picture is damaged")
    outcome = engines.load("pictures").extract(b"no picture", "image/png", Options())
    assert isinstance(outcome, Failure)


def test_memory_that_engines_take_is_not_the_documents() -> None:
    if confine.resident() == 0:
        pytest.skip("the system does not say how much memory is used")
    try:
        confine.limit_memory(100 << 20)
        with confine.unlimited_memory():
            taken = bytearray(200 << 20)
        more = bytearray(50 << 20)
        with pytest.raises(MemoryError):
            bytearray(200 << 20)
        assert len(taken) > len(more)
    finally:
        confine.lift_memory_limit()


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("The quarterly report describes how the warehouse handled deliveries.", True),
        ("Wkh txduwhuob uhsruw ghvfulehv krz wkh zduhkrxvh kdqgohg gholyhulhv.", False),
        ("Квартальный отчёт описывает работу склада", True),
    ],
)
def test_letters_follow_each_other_as_in_a_language(text: str, likely: bool) -> None:
    assert readable_text.is_likely(text) is likely


def test_many_strange_letters_are_a_sign_by_themselves() -> None:
    strange = "Wkh txduwhuob uhsruw ghvfulehv krz wkh zduhkrxvh kdqgohg gholyhulhv. "
    assert readable_text.is_unlikely(strange * 3)
    assert not readable_text.is_unlikely(strange)
    assert not readable_text.is_unlikely("The quarterly report describes how it was handled. " * 9)


def test_bullets_of_a_symbol_font_are_no_rubbish() -> None:
    assert not readable_text.is_rubbish("\uf0b7 one thing\n\uf0b7 another\n")
    assert readable_text.is_rubbish("Gr\x02\x03e \x04uvre \x05n")


@NEEDS_MODELS
def test_a_document_that_holds_only_a_scan_says_what_the_scan_says() -> None:
    from docbatch.providers.local.ocr import packed_pictures

    media = scans.saved(scans.picture(), "PNG")
    data = specimens.zipped({"word/document.xml": "<a/>", "word/media/image1.png": media})
    silent = Parsed(markdown="", text="")
    parsed = packed_pictures.read(data, silent, Options())
    assert "Delivery note 2207" in parsed.blocks[0]["text"]
    assert parsed.warnings
    assert parsed.warnings[0].startswith("ocr: picture 1 was read as a picture")
    assert packed_pictures.read(b"no archive", silent, Options()) == silent


@NEEDS_MODELS
def test_the_same_picture_gives_the_same_result() -> None:
    data = scans.saved(scans.picture(), "PNG")
    assert read("pictures", data) == read("pictures", data)


def test_spaces_that_the_picture_shows_are_put_back() -> None:
    from docbatch.providers.local.ocr.word_gaps import respaced

    strip = scans.picture(("Room 207 on the left. None of the 15 doors",))
    strip = strip.crop(strip.point(lambda shade: 255 - shade).getbbox())
    lacking = "Room207 on the left.None of the 15 doors"
    assert respaced(lacking, strip) == "Room 207 on the left. None of the 15 doors"
    assert respaced("Room 207 on the left. None of the 15 doors", strip).count(" ") == 9


def test_a_line_by_itself_that_is_set_larger_is_a_heading() -> None:
    from docbatch.providers.local.ocr.page_blocks import of_lines
    from docbatch.providers.local.ocr.text_lines import found

    def line(text: str, top: float, height: float) -> Any:
        return found(text, 0.99, (50, top, 50 + 10 * len(text), top + height))

    prose = [
        line(f"Words of a paragraph that go on in line {number} of it", 200 + 30 * number, 20)
        for number in range(4)
    ]
    blocks = of_lines([line("Report of the year", 80, 36), line("Of the north", 150, 28), *prose])

    assert [(block["kind"], block.get("level")) for block in blocks] == [
        ("heading", 1),
        ("heading", 2),
        ("text", None),
    ]
    assert {block["kind"] for block in of_lines([line("12,345.00", 80, 36), *prose])} == {"text"}
