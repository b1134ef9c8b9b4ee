from pathlib import Path

import pytest

from docbatch.sources.globs import compile_globs
from docbatch.sources.litter import Litter
from docbatch.sources.walk import look_up, walk

LITTER = (
    "~$report.docx",
    ".~lock.report.odt#",
    "._report.pdf",
    ".DS_Store",
    "Thumbs.db",
    "thumbs.db",
    "ehthumbs.db",
    "~WRL0001.tmp",
    "desktop.ini",
    ".docbatch-projects",
)
DOCUMENTS = ("a.pdf", "thumbs.dbx", "~report.docx", "~", "xThumbs.db", "desktop.ini.txt", ".lock")


def kept(names: tuple[str, ...], *include: str) -> set[str]:
    litter = Litter(include)
    ordered = sorted(name.encode() for name in names)
    return {name.decode() for name in litter.sift(b"", ordered)}


def test_litter_is_left_out_and_nothing_else() -> None:
    assert kept((*LITTER, *DOCUMENTS), "**") == set(DOCUMENTS)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("**/~$*", {"~$report.docx"}),
        ("~$report.docx", {"~$report.docx"}),
        ("x/{~$*,*.pdf}", {"~$report.docx"}),
        ("**/THUMBS.DB", {"Thumbs.db", "thumbs.db"}),
        ("**/.DS_Store", {".DS_Store"}),
        ("**/._*", {"._report.pdf"}),
        ("**/.~lock.*", {".~lock.report.odt#"}),
        ("~old/**", set()),
        ("**/[Tt]humbs.db", {"Thumbs.db", "thumbs.db"}),
        ("**/{T,t}humbs.db", {"Thumbs.db", "thumbs.db"}),
        ("**/[Tt]*.db", set()),
        ("**/*.db", set()),
    ],
)
def test_a_pattern_that_names_it_takes_it_in(pattern: str, taken: set[str]) -> None:
    assert kept(LITTER, "**", pattern) == taken


def test_a_walk_counts_what_it_leaves_out(tmp_path: Path) -> None:
    for name in (*LITTER, *DOCUMENTS):
        (tmp_path / name).write_bytes(b"x")
    globs = compile_globs(["**"], hidden=True)
    litter = Litter(["**"])

    found = [entry[0].decode() for window in walk(tmp_path, globs, litter=litter) for entry in window.found]

    assert set(found) == set(DOCUMENTS)
    assert litter.number == len(LITTER)
    assert str(litter).startswith(".DS_Store and 9 more left out")


def test_a_document_that_is_looked_up_is_no_litter_either(tmp_path: Path) -> None:
    (tmp_path / "Thumbs.db").write_bytes(b"x")

    (window,) = look_up(tmp_path, compile_globs(["**"]), [b"Thumbs.db"])

    assert window.found == []
