"""Hostile documents, made on demand: each name says what is wrong with the file.

`craft(folder)` writes them all, the same bytes each time (for one build of zlib), below 60 MB together.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.hostile import archives, images, markup, office, pdfs, plain

Maker = Callable[[], bytes]

SAMPLES = Path(__file__).parents[2] / "samples"
KEPT = {"cut-10": 0.1, "cut-50": 0.5, "cut-95": 0.95}
FLIPPED = {"flipped-few": 3, "flipped-many": 200}


def craft(folder: Path) -> list[Path]:
    """Write every hostile document into `folder`; return the paths in order of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in sorted(makers().items()):
        path = folder / name
        path.write_bytes(make())
        paths.append(path)
    return paths


def makers() -> Mapping[str, Maker]:
    """Return a maker for every name; nothing is made yet."""
    found: dict[str, Maker] = dict(mutants())
    for module in (pdfs, archives, office, markup, plain, images):
        found |= module.MAKERS
    return found | dict(mislabelled())


def mutants() -> Iterator[tuple[str, Maker]]:
    """Yield cut and bit-flipped variants of every shipped sample."""
    for path in sorted(SAMPLES.glob("*.*")) + sorted(SAMPLES.glob("difficult/*.*")):
        if path.suffix == ".py":
            continue
        for label, share in KEPT.items():
            yield f"{label}-{path.name}", partial(cut, path, share)
        for label, count in FLIPPED.items():
            yield f"{label}-{path.name}", partial(flipped, path, count)


def cut(path: Path, share: float) -> bytes:
    content = path.read_bytes()
    return content[: int(len(content) * share)]


def flipped(path: Path, count: int) -> bytes:
    """Flip one bit at each of `count` places that follow from the file's name."""
    content = bytearray(path.read_bytes())
    for number in range(count):
        seed = hashlib.sha256(f"{path.name} {number}".encode()).digest()
        content[int.from_bytes(seed[:6]) % len(content)] ^= 1 << seed[6] % 8
    return bytes(content)


def mislabelled() -> Iterator[tuple[str, Maker]]:
    """Yield sound files under a suffix that is not theirs, and noise under every suffix."""
    for source, name in {
        "invoice.pdf": "pdf-called.docx",
        "inspection.docx": "docx-called.pdf",
        "stock.xlsx": "xlsx-called.csv",
        "trail.html": "html-called.xlsx",
        "difficult/sign.png": "png-called.pdf",
        "handbook.epub": "epub-called.html",
        "minutes.odt": "odt-without-suffix",
        "order.eml": "eml-called.pptx",
    }.items():
        yield name, (SAMPLES / source).read_bytes
    for suffix in ("pdf", "docx", "pptx", "xlsx", "odt", "epub", "eml", "html", "txt", "csv", "png", "xyz"):
        yield f"noise.{suffix}", partial(plain.noise, suffix, 20_000)
