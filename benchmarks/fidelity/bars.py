"""What is to be reached in the end, by corpus and format. The bench prints each bar as reached or not."""

from collections.abc import Mapping

Bars = Mapping[str, float]

_TABLES: Bars = {"digits": 0.998, "unicode": 0.998, "headings": 0.998, "rel": 0.998}
_REAL_PDF: Bars = {"recall": 0.97, "digits": 0.96, "unicode": 0.93, "precision": 0.96}
_SCANS: Bars = {"recall": 0.99, "digits": 0.99, "order": 0.99}

BARS: Mapping[tuple[str, str], Bars] = {
    ("made", "pdf"): {
        "digits": 0.999,
        "recall": 0.999,
        "order": 0.99,
        "unicode": 0.99,
        "headings": 0.975,
        "rel": 0.975,
    },
    ("made", "pptx"): {"recall": 0.999, "digits": 0.999, "unicode": 0.999, "rel": 0.999, "order": 0.99},
    **{
        ("made", name): _TABLES
        for name in ("docx", "xlsx", "xls", "csv", "odt", "ods", "html", "text", "mail")
    },
    ("real", "pdf without formulas"): _REAL_PDF,
    ("real", "pdf with formulas"): _REAL_PDF,
    ("real", "pptx"): {"recall": 0.98, "digits": 0.93, "rel": 0.93, "order": 0.89},
    **{("scans", language): _SCANS for language in ("eng", "deu", "fra", "spa")},
}

# In these no other reader may be ahead by more than the slack.
BESIDE_OTHERS = ("recall", "digits", "unicode", "order", "headings", "rel")
SLACK = 0.005
