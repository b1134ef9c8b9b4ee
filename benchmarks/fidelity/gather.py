"""Real documents out of public packages, chosen by a seed from a fixed list, and what independent readers find in them.

The truth of a PDF is the words on which poppler's pdftotext and Tika (extractous) agree; that of an office file is what
python-docx, python-pptx, openpyxl, xlrd or the plain XML say. Neither looks at what our engine does.
"""

import hashlib
import io
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import corpus

from fidelity import compare
from fidelity.score import words
from fidelity.truth import FAILED, SUCCEEDED, Truth, grid_of, write_truths

DEBIAN_PACKAGES = (
    "asymptote-doc", "bash-doc", "dblatex-doc", "debian-policy", "debian-reference-en", "developers-reference", "gnuplot-doc",
    "graphviz-doc", "mpich-doc", "octave-doc", "quilt", "r-doc-pdf", "texlive-latex-recommended-doc",
    "r-cran-readxl", "r-cran-openxlsx", "r-cran-gdata", "r-cran-officer", "python3-relatorio",
)  # fmt: skip
PYTHON_PACKAGES = (
    "python-docx", "python-pptx", "docutils", "odfpy", "pypdf", "pikepdf", "tabula-py", "xlsx2csv", "agate-excel", "frictionless",
    "pyexcel-ods", "tablib", "csvkit",
)  # fmt: skip

# How many documents of each kind, and of one package at most.
QUOTAS = {
    ".pdf": (48, 8),
    ".docx": (16, 14),
    ".pptx": (16, 14),
    ".xlsx": (16, 4),
    ".xls": (8, 3),
    ".odt": (12, 5),
    ".ods": (8, 3),
}
SEED = 20261128
MOST_PAGES = 120
LARGEST = 8_000_000
FEWEST_WORDS = 40
_MOST_PARTED = 0.5
_FORMULAS = re.compile(r"CMMI|CMEX|MSBM|MSAM|LMMath|MTMI|[A-Z]Math")


def gather(folder: Path) -> dict[str, Truth]:
    """Fetch the packages, choose, ask the witnesses; what is chosen stays, whatever any reader makes of it."""
    store = folder.parent / "packages"
    for package in (*DEBIAN_PACKAGES, *PYTHON_PACKAGES):
        fetch(package, store / package)
    names = _write(folder, list(_chosen(store)))
    truths = _pdf_truths(folder, [name for name in names if name.endswith(".pdf")], folder.parent / "venvs")
    truths |= _office_truths(
        folder, [name for name in names if not name.endswith(".pdf")], folder.parent / "venvs"
    )
    write_truths(folder, truths)
    return truths


def fetch(package: str, folder: Path) -> None:
    """Keep the documents of a package in `folder`, each content once; does nothing where they are there."""
    if folder.is_dir():
        return
    members = corpus.debian_members if package in DEBIAN_PACKAGES else corpus.python_members
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as download:
        try:
            for name, body in members(package, Path(download), frozenset(QUOTAS)):
                target = f"{hashlib.sha256(body).hexdigest()[:8]}-{PurePosixPath(name).name}"
                (folder / target).write_bytes(body)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            print(f"{package}: left out: {error}", file=sys.stderr)


def _chosen(store: Path) -> Iterator[Path]:
    for suffix, (count, most) in QUOTAS.items():
        found = sorted(path for path in store.rglob("*") if path.suffix.lower() == suffix)
        random.Random(SEED).shuffle(found)
        taken: Counter[str] = Counter()
        seen: set[bytes] = set()
        for path in found:
            digest = hashlib.sha256(path.read_bytes()).digest()
            if (
                taken[path.parent.name] < most
                and digest not in seen
                and taken.total() < count
                and _fits(path)
            ):
                taken[path.parent.name] += 1
                seen.add(digest)
                yield path


def _fits(path: Path) -> bool:
    """Say by what anybody may know before reading whether a document belongs here: its size, and its pages."""
    if path.stat().st_size > LARGEST:
        return False
    return path.suffix.lower() != ".pdf" or (0 < _pages(path) <= MOST_PAGES and _has_words(path))


def _pages(path: Path) -> int:
    told = subprocess.run(
        ["pdfinfo", path], check=False, capture_output=True, text=True, errors="replace"
    ).stdout
    match = re.search(r"^Pages:\s+(\d+)", told, re.MULTILINE)
    return int(match.group(1)) if match else 0


def _has_words(path: Path) -> bool:
    return len(words(_pdftotext(path))) >= FEWEST_WORDS


def _pdftotext(path: Path) -> str:
    return subprocess.run(["pdftotext", path, "-"], check=False, capture_output=True).stdout.decode(
        "utf-8", "replace"
    )


def _write(folder: Path, paths: Iterable[Path]) -> list[str]:
    names = []
    for path in paths:
        name = f"{path.suffix.lower()[1:]}/{path.parent.name}-{path.name}"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        names.append(name)
    return names


def _pdf_truths(folder: Path, names: list[str], venvs: Path) -> dict[str, Truth]:
    other = compare.read_by("extractous", folder, names, venvs)
    truths = {}
    for name in names:
        fonts = subprocess.run(
            ["pdffonts", folder / name], check=False, capture_output=True, text=True, errors="replace"
        ).stdout
        kind = "with" if _FORMULAS.search(fonts) else "without"
        truths[name] = agreed(_pdftotext(folder / name), other[name].markdown, f"pdf {kind} formulas")
    return truths


def agreed(first: str, second: str, group: str) -> Truth:
    """Return the words that both texts have; those that one has may be there.

    Words broken at a line's end are not asked for, nor letters that stand apart where most of a document is read so: both
    witnesses part all words where a damaged text layer has gaps between its letters.
    """
    one, other = (Counter(_unparted(list(_unbroken(words(text))))) for text in (first, second))
    shared = one & other
    everything = Counter(words(first)) | Counter(words(second))
    joined = [f"{left[:-1]}{right}" for text in (first, second) for left, right in _broken(words(text))]
    allowed = [*(everything - shared).elements(), *joined]
    return Truth(" ".join(shared.elements()), allowed=" ".join(allowed), words_only=True, group=group)


def _broken(found: list[str]) -> Iterator[tuple[str, str]]:
    pairs = itertools.pairwise(found)
    return ((left, right) for left, right in pairs if len(left) > 1 and left.endswith(("-", "\u2010")))


def _unbroken(found: list[str]) -> Iterator[str]:
    after = False
    for word in found:
        breaks = len(word) > 1 and word.endswith(("-", "\u2010"))
        if not breaks and not after:
            yield word
        after = breaks


def _unparted(found: list[str]) -> Iterator[str]:
    letters = {at for at, word in enumerate(found) if len(word) == 1 and word.isascii() and word.isalpha()}
    parted = len(letters) > len(found) * _MOST_PARTED
    return (word for at, word in enumerate(found) if not parted or at not in letters)


def _office_truths(folder: Path, names: list[str], venvs: Path) -> dict[str, Truth]:
    python = compare.python_of("witnesses", venvs)
    script = Path(__file__).with_name("witnesses.py")
    paths = {str(folder / name): name for name in names}
    done = subprocess.run(
        [python, script], input="\n".join(paths), check=True, capture_output=True, text=True
    )
    truths = {}
    for line in io.StringIO(done.stdout):
        value: dict[str, list[str]] = json.loads(line)
        name = paths[str(value.pop("path"))]
        if "error" in value:
            print(f"{name}: no truth: {value['error']}", file=sys.stderr)
            continue
        truths[name] = _office_truth(value)
    return truths


def _office_truth(value: Mapping[str, list[str]]) -> Truth:
    tables = tuple(grid_of(rows) for rows in value["tables"])
    text, aside, allowed = ("\n".join(value[name]) for name in ("text", "aside", "allowed"))
    # Whether a document without a word is a success or empty is for others to say.
    outcomes = (SUCCEEDED,) if words(f"{text} {aside}") else (SUCCEEDED, f"{FAILED}:empty")
    return Truth(text, tuple(value["headings"]), tables, aside, allowed, outcomes=outcomes)


def told(truths: Mapping[str, Truth]) -> str:
    """Return how many documents of each kind there are."""
    counts: dict[str, int] = defaultdict(int)
    for name, truth in truths.items():
        counts[truth.group or name.split("/")[0]] += 1
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
