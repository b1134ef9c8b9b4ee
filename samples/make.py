#!/usr/bin/env python3
"""Write the samples that are not text: samples/make.py [FOLDER]. The bytes are the same on every machine."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from formats import book, opendocument, pdf, sheets, slides, word
from formats.raster import Bitmap

A4_AT_150_DPI = 1240, 1754


def invoice() -> bytes:
    page = pdf.Page()
    page.text(60, 110, "Invoice 2024-0317", size=20, bold=True)
    page.lines(60, 145, ["Harbour Street Joinery", "12 Harbour Street", "Due within 30 days"])
    rows = [
        ("Item", "Quantity", "Unit price", "Amount"),
        ("Oak shelf, 90 cm", "4", "38.50", "154.00"),
        ("Beech worktop, 2 m", "1", "210.00", "210.00"),
        ("Drawer runner, pair", "6", "12.25", "73.50"),
        ("Delivery", "1", "45.00", "45.00"),
        ("Total", "", "", "482.50"),
    ]
    below = page.table(60, 210, (200, 80, 90, 90), rows)
    page.lines(60, below + 30, ["All amounts in euro, VAT included.", "Thank you for your order."])
    return pdf.document([page], "Invoice 2024-0317")


LEFT = """The reservoir above the town stood at
71 percent of its volume at the end of
June, four points above the mean of
the last ten years.

Rain fell on eleven days. The wettest
was the ninth, when the gauge at the
dam read 34 millimetres between dusk
and dawn.

Both pumps of the lower station were
serviced. The second one now runs
without the noise reported in May."""

RIGHT = """The supply network lost 6 percent of
what entered it. Most of that came
from one joint in Mill Lane, which was
found with a listening rod and closed
within a day.

Water quality met every limit. Nitrate
stayed below 20 milligrams a litre at
all five taps that are sampled.

Next month the filter beds are washed
one after the other, so pressure may
drop for an hour each morning."""


def report() -> bytes:
    first, second = pdf.Page(), pdf.Page()
    first.text(60, 80, "Waterworks: report for June", size=20, bold=True)
    first.text(60, 120, "Supply", size=13, bold=True)
    first.text(310, 120, "Losses and quality", size=13, bold=True)
    first.lines(60, 145, LEFT.splitlines())
    first.lines(310, 145, RIGHT.splitlines())
    second.text(60, 80, "Levels by week", size=13, bold=True)
    rows = [("Week", "Level (m)", "Inflow (l/s)"), ("23", "18.4", "112"), ("24", "18.9", "140")]
    second.table(60, 100, (90, 110, 110), [*rows, ("25", "19.3", "131"), ("26", "19.2", "97")])
    return pdf.document([first, second], "Waterworks: report for June")


def inspection() -> bytes:
    findings = [
        ("Part", "Finding", "Grade"),
        ("North bearing", "Light rust, no play", "2"),
        ("Deck joint", "Seal torn over 40 cm", "3"),
        ("Railing", "Sound, paint worn", "1"),
    ]
    return word.document(
        "Bridge inspection",
        word.heading("Bridge inspection"),
        word.paragraph("The footbridge over the mill stream was inspected from below and from the deck."),
        word.heading("What to bring", 2),
        word.bullets(["Hammer and mirror", "Crack gauge", "Waders, if the water is above the lower step"]),
        word.heading("Findings", 2),
        word.table(findings),
        word.paragraph(
            "The torn seal should be replaced before winter. The next inspection is due in two years."
        ),
    )


def briefing() -> bytes:
    watches = [
        ("Watch", "Begins", "Meeting point"),
        ("Early", "06:00", "Gate A"),
        ("Late", "14:00", "Gate C"),
    ]
    return slides.presentation(
        "Yard safety",
        [
            slides.Slide("Yard safety", ["For everybody who works between the cranes", "Ten minutes"]),
            slides.Slide(
                "Three rules", ["Wear the vest", "Walk on the green path", "Never stand below a load"]
            ),
            slides.Slide("Watches", table=watches),
        ],
    )


def stock() -> bytes:
    counted: list[sheets.Row] = [
        ("Article", "Shelf", "Pieces", "Weight (kg)"),
        ("Hinge 80 mm", "A3", 240, 0.12),
        ("Hinge 120 mm", "A4", 96, 0.21),
        ("Door handle", "B1", 58, 0.35),
        ("Lock case", "B2", 17, 0.8),
    ]
    orders: list[sheets.Row] = [
        ("Article", "Ordered", "Expected"),
        ("Lock case", 40, "week 31"),
        ("Hinge 80 mm", 500, "week 33"),
    ]
    return sheets.workbook("Stock", {"Counted": counted, "On order": orders})


def minutes() -> bytes:
    return opendocument.document(
        "Minutes of the garden club",
        opendocument.heading("Minutes of the garden club"),
        opendocument.paragraph("Fourteen members met in the glasshouse. The minutes of March were approved."),
        opendocument.heading("Decisions", 2),
        opendocument.bullets(["Plot 9 is shared from May", "The water butt moves next to the shed"]),
        opendocument.heading("Accounts", 2),
        opendocument.table(
            "Accounts", [("Entry", "Sum"), ("Fees", "420"), ("Seeds", "-135"), ("Balance", "285")]
        ),
        opendocument.paragraph("The club meets again on the first Tuesday in June."),
    )


def handbook() -> bytes:
    chapters = {
        "Reading a tide table": [
            "A tide table lists two high waters and two low waters for most days.",
            "Heights are given above chart datum, so they are added to the depth printed on the chart.",
        ],
        "The rule of twelfths": [
            "Between low and high water the level rises by one twelfth of the range in the first hour.",
            "Then come two, three, three, two and one twelfths in the hours that follow.",
        ],
    }
    return book.book("Tides for small boats", chapters)


def sign() -> bytes:
    image = Bitmap(560, 200)
    image.box(0, 0, 560, 8)
    image.box(0, 192, 560, 8)
    image.lines(40, 40, "TICKET OFFICE\nOPEN 9 - 17", scale=5)
    return image.png()


SCANNED = """DELIVERY NOTE 2207

TO: BOAT HOUSE, PIER 4
FROM: ROPE WORKS

3 COILS OF HEMP ROPE, 12 MM
1 BOX OF SHACKLES
2 FENDERS, BLUE

GOODS RECEIVED IN GOOD ORDER.
DATE: 14/05/2024"""


def scan() -> bytes:
    image = Bitmap(*A4_AT_150_DPI)
    image.lines(150, 180, SCANNED, scale=4)
    for speck in range(400):
        image.dot(speck * 7919 % image.width, speck * 104729 % image.height)
    page = pdf.Page()
    page.fill(image)
    return pdf.document([page], "Delivery note 2207")


def truncated() -> bytes:
    whole = invoice()
    return whole[: len(whole) // 2]


SAMPLES: Mapping[str, Callable[[], bytes]] = {
    "briefing.pptx": briefing,
    "handbook.epub": handbook,
    "inspection.docx": inspection,
    "invoice.pdf": invoice,
    "minutes.odt": minutes,
    "report.pdf": report,
    "stock.xlsx": stock,
    "difficult/scan.pdf": scan,
    "difficult/sign.png": sign,
    "difficult/truncated.pdf": truncated,
}


def main(folder: Path) -> None:
    for name, make in SAMPLES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
