import random
from pathlib import Path

import pytest
import yaml

from docbatch.core.errors import SpecError
from docbatch.specs.formatting import formatted_text
from docbatch.specs.formatting.formatted_text import LayoutRefused, formatted
from docbatch.specs.formatting.pieces import pieces
from docbatch.specs.nodes import Node
from docbatch.specs.yaml import parse
from tests.specs.formatting.random_yaml import RandomYaml

ROOT = Path(__file__).parents[3]
SPECS = sorted(
    path
    for folder in ("jobs", "examples", "tests/cases")
    for path in (ROOT / folder).rglob("*.y*ml")
    if path.parent.name != "bad"
)
CASES = {
    "indentation": ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    "a list below its key": ("sink:\n- type: files\n  path: x\n", "sink:\n  - type: files\n    path: x\n"),
    "a list far behind its key": (
        "sink:\n      -   type: files\n          path: x\n",
        "sink:\n  - type: files\n    path: x\n",
    ),
    "lists in lists": ("a:\n-  -  1\n   - 2\n- - 3\n", "a:\n  - - 1\n    - 2\n  - - 3\n"),
    "space around colons and in brackets": (
        'a :   1\nb: { x: 1,y: [ 1 ,2 ] }\nc: {"k":"v"}\n',
        'a: 1\nb: {x: 1, y: [1, 2]}\nc: {"k": "v"}\n',
    ),
    "space at ends of lines": ("a: 1   \nb:   \n  c: 2\n\n\n", "a: 1\nb:\n  c: 2\n"),
    "several empty lines": ("\n\na: 1\n\n\n\nb: 2\n", "a: 1\n\nb: 2\n"),
    "no break at the end": ("a: 1", "a: 1\n"),
    "comments move with what they stand above": (
        "# head\na:\n      # about b\n      b: 1\n      # left over\n# about c\nc: 2\n",
        "# head\na:\n  # about b\n  b: 1\n  # left over\n# about c\nc: 2\n",
    ),
    "a comment between entries and the next key": (
        "sink:\n# first\n- a\n# second\n- b\n# about labels\nlabels: {}\n",
        "sink:\n  # first\n  - a\n  # second\n  - b\n# about labels\nlabels: {}\n",
    ),
    "comments behind values": (
        "a: 1# no comment\nb: 2 #x\nc: 3            # y\n",
        "a: 1# no comment\nb: 2  #x\nc: 3  # y\n",
    ),
    "comments below each other": (
        "name: x       # one\nsource:\n    root: .   # two\n\nd: 4          # three\n",
        "name: x    # one\nsource:\n  root: .  # two\n\nd: 4  # three\n",
    ),
    "what stands in quotes": (
        "a: \"x  y\"\nb: '# no'\nc: 1.50\nd: 010\n",
        "a: \"x  y\"\nb: '# no'\nc: 1.50\nd: 010\n",
    ),
    "long lines": ("a: " + "word " * 60 + "end\n", "a: " + "word " * 60 + "end\n"),
    "a value of lines": (
        "a:\n     b: |   # why\n          one\n            two  \n\n          three\n\n\nc: 1\n",
        "a:\n  b: |  # why\n    one\n      two  \n\n    three\n\nc: 1\n",
    ),
    "a value of lines that keeps its end": ("a: |+\n   one\n\n\nb: 1\n", "a: |+\n  one\n\n\nb: 1\n"),
    "a value of lines that says its indentation": (
        "a:\n      b: |3\n            one\n         two\n",
        "a:\n  b: |3\n        one\n     two\n",
    ),
    "a value of lines at the end": ("a: |\n    one", "a: |\n  one"),
    "a value that goes on": (
        'a: "one\n         two  \n\n   three"\nb: plain\n       text\n',
        'a: "one\n  two\n\n  three"\nb: plain\n  text\n',
    ),
    "brackets over several lines": (
        "a:\n     b: [\n  x,   # first\n        # second\n           {c: 1,\n  d: 2},\n     ]\n",
        "a:\n  b: [\n    x,  # first\n    # second\n    {c: 1,\n      d: 2},\n  ]\n",
    ),
    "brackets on lines of their own": ("a:\n      [\n  x\n  ]\n", "a:\n  [\n    x\n  ]\n"),
    "space that a backslash keeps": ('a: "one\\   \n   two"\n', 'a: "one\\   \n  two"\n'),
    "a comment at the end": ("sink:\n- a\n# end", "sink:\n  - a\n# end\n"),
    "anchors": (
        "base: &b\n    x: 1\nother:   *b\nlist:\n- &c   one\n- *c\n",
        "base: &b\n  x: 1\nother: *b\nlist:\n  - &c one\n  - *c\n",
    ),
    "documents": (
        "# yaml-language-server: $schema=x.json\n---   # first\na:   1\n---\n\nb: 1\n...\n",
        "# yaml-language-server: $schema=x.json\n---  # first\na: 1\n---\n\nb: 1\n...\n",
    ),
    "line feeds and carriage returns": ("a:\r\n    b: 1 \r\n", "a:\r\n  b: 1\r\n"),
    "a byte order mark": ("\ufeffa:  1\n", "a: 1\n"),
    "nothing": ("", ""),
    "nothing but comments": ("\n   # one\n\n\n# two", "# one\n\n# two\n"),
}


def same(one: Node, other: Node) -> bool:
    """Compare values and how they are written, without where they stand."""
    match one.content, other.content:
        case dict(), dict():
            return list(one.content) == list(other.content) and all(
                same(each, other.content[key]) for key, each in one.content.items()
            )
        case tuple(), tuple():
            return len(one.content) == len(other.content) and all(map(same, one.content, other.content))
    return one.content == other.content and one.text == other.text


def is_spec(path: Path) -> bool:
    """Say whether a file is docbatch's; workflows of other programs are laid out as these have it."""
    return path.read_text(encoding="utf-8").startswith("apiVersion: docbatch/")


def comments(text: str) -> list[str]:
    return [comment.text for piece in pieces(text) for comment in piece.comments]


def proven(text: str) -> str:
    """Return a text formatted, after a look that says the same and stays as it is the second time."""
    once = formatted(text, "a.yaml")
    before, after = parse(text.removeprefix("\ufeff"), "a.yaml"), parse(once, "a.yaml")
    assert len(before) == len(after)
    assert all(map(same, before, after))
    assert formatted(once, "a.yaml") == once
    return once


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_layout(text: str, expected: str) -> None:
    assert proven(text) == expected


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_specs_say_the_same_and_are_formatted_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")

    assert comments(proven(text)) == comments(text)


@pytest.mark.parametrize(
    "path",
    [path for path in SPECS if "tests" not in path.relative_to(ROOT).parts and is_spec(path)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_specs_of_this_repository_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert formatted(text, path.name) == text


def test_shown_specs_are_formatted_once() -> None:
    shown = [
        block for page in ROOT.glob("docs/**/*.md") for block in yaml_blocks(page.read_text(encoding="utf-8"))
    ]
    read = 0
    for text in shown:
        try:
            parse(text, "a.yaml")
        except SpecError:
            continue
        proven(text)
        read += 1
    assert read > 20


def yaml_blocks(page: str) -> list[str]:
    return [part.partition("```")[0] for part in page.split("```yaml\n")[1:]]


def random_texts(number: int) -> None:
    written = 0
    for seed in range(number):
        text = RandomYaml(seed).text()
        try:
            parse(text, "a.yaml")
        except SpecError:
            continue
        written += 1
        try:
            assert comments(proven(text)) == comments(text.replace("\r\n", "\n"))
        except (LayoutRefused, AssertionError, yaml.YAMLError) as error:
            raise AssertionError(f"seed {seed}: {error}\n{text}") from error
    assert written > 0.9 * number, "most of what is drawn has to be YAML"


def test_any_layout_says_the_same_and_is_formatted_once() -> None:
    random_texts(300)


@pytest.mark.full
def test_many_layouts_say_the_same_and_are_formatted_once() -> None:
    random_texts(20_000)


def test_damaged_texts_are_left_or_say_the_same() -> None:
    """What is cut and mixed may be anything; it is refused, or it says the same."""
    chance = random.Random(7)
    for seed in range(300):
        text = RandomYaml(seed).text()
        place, other = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        text = (
            text[:place]
            + chance.choice((" ", "\n", "#", ":", "- ", "\t", "'", '"', "[", "{", "|"))
            + text[min(place, other) :]
        )
        try:
            proven(text)
        except (SpecError, LayoutRefused):
            continue


def test_a_text_that_cannot_be_shown_to_say_the_same_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatted_text, "laid_out", lambda text: text.replace("1.50", "1.5"))

    with pytest.raises(LayoutRefused, match="without changing what it says"):
        formatted("a: 1.50\n", "a.yaml")


def test_a_text_that_loses_a_comment_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatted_text, "laid_out", lambda text: text.replace("# x", ""))

    with pytest.raises(LayoutRefused, match=r"a\.yaml: left as it is"):
        formatted("a: 1  # x\n", "a.yaml")


@pytest.mark.parametrize("odd", ["\r", "\x85", "\u2028", "\u2029"])
def test_lines_that_end_for_some_programs_only_are_left(odd: str) -> None:
    with pytest.raises(LayoutRefused, match="line 2 has U\\+"):
        formatted(f"a: 1\nb: 'x{odd}y'\n", "a.yaml")


def test_what_is_no_yaml_is_told_where_it_stands() -> None:
    with pytest.raises(SpecError, match=r"a\.yaml:2:1: a: this key is written twice"):
        formatted("a: 1\na: 2\n", "a.yaml")
