"""Files called .docbatchignore leave out what git leaves out by the same .gitignore: git itself is asked."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docbatch.core.errors import GuardRefused
from docbatch.sources.allowance import Allowance
from docbatch.sources.folder import FolderSource
from docbatch.sources.ignore_rules import IGNORE_FILE, IgnoreRules
from docbatch.sources.statcache import StatCache

NAMES = (
    "a.txt", "b.tmp", "keep.tmp", "build/x.txt", "build/deep/y.txt", "src/build/z.txt", "src/a.txt", "src/deep/a.txt",
    "docs/one/two/a.pdf", "docs/a.pdf", "#note.txt", "!loud.txt", "with space .txt", "Tmp/Q.TXT", "a[1].txt", "a-b.txt",
    "x/y/x/y.md", "ab/c.txt", "abb.txt", "back\\slash.txt", ".hidden/a.txt", ".a.tmp", "foo/bar/baz.txt", "foo.txt/in.txt",
)  # fmt: skip
LINES = [
    "*.tmp", "*.tmp\n!keep.tmp", "build", "build/", "/build", "/build/", "build/*", "build/**", "build/**\n!build/deep/",
    "**/deep", "**/deep/a.txt", "src/**/a.txt", "/*", "/*\n!/src", "/*\n!/src\n/src/*\n!/src/deep", "*", "*\n!*.txt",
    "*\n!*/\n!*.txt", "**", "**/", "docs/**/a.pdf", "docs/*/a.pdf", "docs/*/*/a.pdf", "\\#note.txt", "#note.txt", "\\!loud.txt",
    "!loud.txt", "with space .txt", "with space\\ .txt", "a.txt   ", "a.txt\\ ", "a[[]1].txt", "a[1].txt", "a[-.]b.txt", "a[!-]b.txt",
    "a[^-]b.txt", "[[:alpha:]].txt", "[[:upper:]]*", "[a-b].*", "[]-a].txt", "a[", "a\\", "ab*", "a*b*.txt", "a??.txt", "?.txt", "??.txt",
    "x/y", "x/**/y.md", "y.md", "**/y.md", "foo/bar/", "/foo/bar", "bar", "foo.txt", "foo.txt/", "!*.txt\n*.txt", "*.TXT", "tmp",
    "\r\n*.tmp\r\n", "", "/", "//", "foo//bar", ".*", ".hidden", "back\\\\slash.txt", "*.[tm]*", "**a.txt", "b**", "a**b.txt",
    "\ufeff*.tmp", "deep/**/y.txt", "**/one/**", "docs/**\n!docs/a.pdf", "docs/*\n!docs/a.pdf", "docs\n!docs/a.pdf", "[[:nonsense:]]",
]  # fmt: skip
NESTED: list[Mapping[str, str]] = [
    {"": "*.txt", "src": "!a.txt"},
    {"": "*.txt", "src": "!a.txt", "src/deep": "a.txt"},
    {"": "src/", "src": "!a.txt"},
    {"src": "/a.txt"},
    {"src": "deep/"},
    {"docs": "one/**/a.pdf\n", "docs/one": "!two"},
    {"docs/one": "*", "": "!a.pdf"},
    {"x/y": "x"},
]


def by_git(root: Path, rules: Mapping[str, str], names: list[str]) -> list[str]:
    """Return the files that git would not ignore."""
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for folder, lines in rules.items():
        (root / folder / ".gitignore").write_bytes(lines.encode())
    alone = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    asked = "\0".join(names).encode()
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--no-index", "--stdin"], cwd=root, input=asked, env=alone, capture_output=True, check=False
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    return sorted(set(names) - set(done.stdout.decode().split("\0")))


def by_us(root: Path, rules: Mapping[str, str], names: list[str]) -> list[str]:
    for folder, lines in rules.items():
        (root / folder / IGNORE_FILE.decode()).write_bytes(lines.encode())
    source = FolderSource(root, ["**"], ["**/.gitignore", ".git/**"], hidden=True)
    walked = [each.path for seen in source.find(StatCache(None)).windows for each in seen.documents]
    asked = {name.encode() for name in names}
    looked_up = [each.path for seen in source.find(StatCache(None), asked).windows for each in seen.documents]
    assert walked == looked_up
    assert all(source.why_left_out(path) for path in asked.difference(walked))
    return sorted(path.decode() for path in walked)


def made(root: Path) -> list[str]:
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return list(NAMES)


@pytest.mark.parametrize("lines", LINES)
def test_one_file_leaves_out_what_git_would(tmp_path: Path, lines: str) -> None:
    names = made(tmp_path)

    assert by_us(tmp_path, {"": lines}, names) == by_git(tmp_path, {"": lines}, names)


@pytest.mark.parametrize("rules", NESTED)
def test_files_in_folders_have_the_last_word_there(tmp_path: Path, rules: Mapping[str, str]) -> None:
    names = made(tmp_path)

    assert by_us(tmp_path, rules, names) == by_git(tmp_path, rules, names)


def test_the_file_itself_is_no_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / IGNORE_FILE.decode()).write_text("# nothing\n")

    assert by_us(tmp_path, {}, ["a.txt", IGNORE_FILE.decode()]) == ["a.txt"]


def test_what_is_left_out_is_counted_and_a_change_is_noticed(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / IGNORE_FILE.decode()).write_text("build/\n*.tmp\n")
    source = FolderSource(tmp_path, ["**"])
    found = source.find(StatCache(None))
    first = [each.path for seen in found.windows for each in seen.documents]

    assert found.selection is not None
    assert (found.selection.ignored_files, found.selection.ignored_folders) == (2, 2)
    (tmp_path / IGNORE_FILE.decode()).unlink()
    again = [each.path for seen in source.find(StatCache(None)).windows for each in seen.documents]
    assert len(again) == len(first) + 5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda file: file.symlink_to("elsewhere"), "a link is not followed"),
        (os.mkfifo, "it is not a regular file"),
        (lambda file: file.write_bytes(b"a\0b"), "it is no text"),
        (lambda file: file.write_bytes(b"#" * 2_000_000), "it is no text of at most"),
        (lambda file: file.write_bytes(b"a\n" * 10_001), "more than 10,000 patterns"),
    ],
)
def test_a_file_that_cannot_be_followed_is_never_taken_for_none(
    tmp_path: Path, make: object, words: str
) -> None:
    (tmp_path / "elsewhere").write_text("*")
    assert callable(make)
    make(tmp_path / IGNORE_FILE.decode())

    with pytest.raises(GuardRefused, match=words):
        by_us(tmp_path, {}, ["elsewhere"])


def test_patterns_that_try_everything_take_no_time(tmp_path: Path) -> None:
    name = "a" * 250
    (tmp_path / name).write_text("a")
    (tmp_path / IGNORE_FILE.decode()).write_text("*a" * 40 + "[b]\n" + "?*" * 40 + "b\n")

    assert by_us(tmp_path, {}, [name]) == [name]


def test_of_a_repository_of_others_lines_are_looked_at_as_names_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.sources.allowance.MOST_NAMES", 1_000)
    (tmp_path / IGNORE_FILE.decode()).write_text("\n".join(f"?*{number}" for number in range(300)))
    files = [f"{number}.txt" for number in range(40)]
    for name in files:
        (tmp_path / name).write_text(name)

    assert by_us(tmp_path, {}, files) == sorted(files)
    with pytest.raises(GuardRefused, match="look through more than"):
        list(FolderSource(tmp_path, ["**"], allowance=Allowance()).find(StatCache(None)).windows)


def test_a_question_mark_is_one_character(tmp_path: Path) -> None:
    (tmp_path / "\u00fc.txt").write_text("a")

    assert by_us(tmp_path, {"": "?.txt"}, ["\u00fc.txt"]) == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="*?[]!^-\\/#ab .:\r\né", max_size=40))
def test_whatever_is_written_there_is_read(text: str) -> None:
    rules = IgnoreRules(text.encode())

    for name in (b"a", b"ab", b"a/b"):
        rules.deciding(rules.automaton.start, name, is_folder=False)
