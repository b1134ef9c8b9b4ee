"""Chunks: nothing of a document is lost, each has its size and place, and ids stay where their text does."""

import itertools
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docbatch.core.results import Attachment, Block, Page, Result
from docbatch.sinks.formats import clean
from docbatch.sinks.rows.block_text import block_markdown
from docbatch.sinks.rows.chunk_cutter import _most, _windows
from docbatch.sinks.rows.chunks import chunk_records
from docbatch.sinks.rows.options import ChunkSpec
from docbatch.sinks.rows.records import blocks
from docbatch.sinks.rows.splitter import splitter

from .some_results import heading, result, sample_results, table, text

LONG = " ".join(f"Sentence {number} says a little more." for number in range(60))
BOX = (1.0, 2.0, 3.0, 4.0)
SPECS = [
    ChunkSpec(by=by, size=size, overlap=overlap, tokens=tokens)  # type: ignore[arg-type]
    for by in ("tokens", "heading", "page")
    for size, overlap, tokens in (
        (16, 0, "cl100k_base"),
        (64, 16, "o200k_base"),
        (512, 0, "cl100k_base"),
        (100, 0, "characters"),
    )
]


def cut(of: Result, path: str = "a.txt", **spec: Any) -> list[dict[str, Any]]:
    return list(chunk_records(of, ChunkSpec(**spec), "job", path))


def texts(of: Result, **spec: Any) -> list[str]:
    return [each["text"] for each in cut(of, **spec)]


def words(said: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", said))


def is_running(block: Block) -> bool:
    return block.role in {"header", "footer", "page_number"}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.by}-{spec.size}-{spec.tokens}")
def test_no_word_of_any_document_is_lost_and_no_chunk_is_larger_than_said(spec: ChunkSpec) -> None:
    fits = splitter(spec.tokens, spec.size, 0, "TextSplitter")
    for path, read in sample_results().items():
        found = list(chunk_records(read, spec, "job", path))
        said = [block_markdown(block) for _, _, block in blocks(read) if not is_running(block)]

        missing = words("\n".join(said)) - words("\n".join(each["text"] for each in found))
        assert missing == Counter(), path
        assert [each["text"] for each in found if len(fits(each["text"])) > 1] == [], path
        assert len({each["chunk"] for each in found}) == len(found), path


@pytest.mark.parametrize("by", ["tokens", "heading", "page"])
def test_no_heading_is_a_chunk_where_its_text_follows(by: str) -> None:
    for size, (path, read) in itertools.product((24, 64), sample_results().items()):
        found = cut(read, by=by, size=size)
        for each, follows in itertools.pairwise(found):
            is_alone = all(line.startswith("#") for line in each["text"].splitlines())
            is_cut = by == "page" and each["last_page"] != follows["first_page"]
            assert not is_alone or is_cut or follows["text"].startswith("#"), (path, each["text"])


@given(
    said=st.lists(
        st.tuples(st.sampled_from(["heading", "text", "table"]), st.text(max_size=120)), max_size=8
    ),
    size=st.integers(16, 60),
    overlap=st.integers(0, 8),
    by=st.sampled_from(["tokens", "heading", "page"]),
)
@settings(deadline=None, max_examples=60)
def test_whatever_a_document_says_its_words_are_kept(
    said: list[tuple[str, str]], size: int, overlap: int, by: str
) -> None:
    made: dict[str, Callable[[str], Block]] = {
        "heading": heading,
        "text": text,
        "table": lambda word: table(["a", word], [word, word]),
    }
    read = result(*(made[kind](word) for kind, word in said))
    found = "".join(texts(read, size=size, overlap=overlap, by=by, tokens="characters"))

    # A word longer than a chunk is cut, so that letters are counted.
    wanted = "".join(block_markdown(block) for _, _, block in blocks(read))
    assert not Counter("".join(clean(wanted).split())) - Counter(found)


def test_a_chunk_is_filled_unless_a_heading_or_a_page_ends_it() -> None:
    read = result(heading("One"), text("First."), heading("Two"), text("Second."))

    assert texts(read) == ["# One\n\nFirst.\n\n# Two\n\nSecond."]
    assert texts(read, by="heading") == ["# One\n\nFirst.", "# Two\n\nSecond."]
    pages = (Page(number=1, text="", blocks=(text("a"),)), Page(number=2, text="", blocks=(text("b"),)))
    assert texts(result(pages=pages), by="page") == ["a", "b"]
    assert texts(result(pages=pages)) == ["a\n\nb"]


def test_a_heading_keeps_as_much_of_its_text_as_there_is_room_for() -> None:
    first, second, *_ = texts(result(heading("Top"), heading("Below", 2), text(LONG)), size=32)

    assert first.startswith("# Top\n\n## Below\n\nSentence 0 says a little more. Sentence 1")
    assert second.startswith("Sentence ")


def test_sections_stay_whole_where_they_fit() -> None:
    paragraph = text("A paragraph of some ten words or a few more, it goes.")
    read = result(heading("One"), paragraph, heading("Two"), paragraph, paragraph)

    assert [each.count("#") for each in texts(read, size=40)] == [1, 1]


def test_the_head_of_a_table_stands_above_the_rows_of_each_chunk() -> None:
    rows = [[f"row {number}", "a value of several words"] for number in range(12)]
    found = texts(result(heading("Values"), table(["name", "value"], *rows)), size=48)

    head = "| name | value |\n| --- | --- |\n"
    assert found[0].startswith(f"# Values\n\n{head}")
    assert all(head in each for each in found)
    said = [line for each in found for line in each.splitlines() if line.startswith("| row")]
    assert said == [f"| {name} | {value} |" for name, value in rows]


def test_what_overlaps_is_repeated_in_whole_paragraphs_and_within_a_long_one() -> None:
    read = result(*(text(f"Paragraph {number} is short.") for number in range(9)))
    found = texts(read, size=24, overlap=8)

    assert all(
        before.split("\n\n")[-1] == after.split("\n\n")[0] for before, after in itertools.pairwise(found)
    )
    read = result(text("x" * 30), table(["a"], ["b"]), text("y" * 38))
    after_a_table = texts(read, size=60, overlap=30, tokens="characters")
    assert after_a_table == ["x" * 30 + "\n\n| a |\n| --- |\n| b |", "y" * 38]
    long = texts(result(text(LONG)), size=48, overlap=12)
    assert sum(words("\n".join(long)).values()) > sum(words(LONG).values())


def test_chunks_say_their_pages_boxes_and_headings() -> None:
    pages = (
        Page(number=3, text="", blocks=(heading("Top", bbox=BOX), text("one"), text("-", role="footer"))),
        Page(number=4, text="", blocks=(heading("Below", 2), text("two", bbox=BOX))),
    )
    whole, *_ = cut(result(pages=pages))
    _, second = cut(result(pages=pages), by="heading")

    assert (whole["first_page"], whole["last_page"], whole["headings"]) == (3, 4, ["Top"])
    assert whole["boxes"] == [{"page": 3, "bbox": list(BOX)}, {"page": 4, "bbox": list(BOX)}]
    assert "-" not in whole["text"].split()
    assert (second["first_page"], second["last_page"], second["headings"]) == (4, 4, ["Top", "Below"])
    assert second["boxes"] == [{"page": 4, "bbox": list(BOX)}]


def test_only_the_part_that_was_cut_has_the_box_of_a_heading() -> None:
    page = Page(number=1, text="", blocks=(heading("Top", bbox=BOX), text(LONG, bbox=(5, 6, 7, 8))))
    first, *rest = cut(result(pages=(page,)), size=32)

    assert [len(each["boxes"]) for each in (first, *rest)] == [2, *[1] * len(rest)]
    assert all(each["headings"] == ["Top"] for each in rest)


@pytest.mark.parametrize("role", ["note", "comment", "speaker_notes", "form_field", "hidden", None])
def test_what_is_no_running_line_is_said(role: str | None) -> None:
    assert texts(result(text("said", role=role))) == ["said"]


def test_files_inside_a_document_have_chunks_of_their_own_led_by_their_heading() -> None:
    inner = Attachment(name="b.txt", text="the inner")
    outer = Attachment(
        name="a.eml", blocks=(text("the outer"), heading("Attachment: b.txt", 2)), attachments=(inner,)
    )
    unread = Attachment(name="c.bin")
    read = result(
        text("body"),
        heading("Attachment: a.eml", 2),
        heading("Attachment: c.bin", 2),
        attachments=(outer, unread),
    )
    found = [(each["attachment"], each["text"]) for each in cut(read)]

    assert found == [
        (None, "body\n\n## Attachment: c.bin"),
        ("a.eml", "## Attachment: a.eml\n\nthe outer"),
        ("a.eml/b.txt", "## Attachment: b.txt\n\nthe inner"),
    ]


def test_headings_of_a_document_are_not_those_of_the_files_inside_it() -> None:
    inner = Attachment(name="b.txt", blocks=(text("inner"),))

    assert [each["headings"] for each in cut(result(heading("Top"), text("body"), attachments=(inner,)))] == [
        ["Top"],
        [],
    ]


def test_pages_and_documents_without_blocks_are_cut_at_the_headings_of_their_markdown() -> None:
    markdown = "# Top\n\none\n\n```\n# no heading\n```\n\n## Below #\n\ntwo\n\n| a |\n| --- |\n| b |"
    pages = (Page(number=7, text="plain", markdown=markdown), Page(number=8, text="only text"))
    found = [(each["first_page"], each["headings"]) for each in cut(result(pages=pages), by="heading")]

    assert found == [(7, ["Top"]), (7, ["Top", "Below"])]
    assert texts(result(markdown=markdown), by="heading")[0] == "# Top\n\none\n\n```\n# no heading\n```"
    assert "only text" in texts(result(pages=pages), by="page")[-1]
    assert texts(result(text="only text")) == ["only text"]


def test_a_table_that_stands_among_the_blocks_as_well_is_said_once() -> None:
    one = table(["a"], ["b"])
    loose = table(["c"], ["d"])

    assert "\n".join(texts(result(one, tables=(one, loose)))).count("| b |") == 1
    assert "\n".join(texts(result(one, tables=(one, loose)))).count("| d |") == 1


@pytest.mark.parametrize(
    "said",
    ["", "   \n", "\ud800 half", "nul \0", "<|endoftext|>", "漢字" * 500, "x" * 200_000, " " * 3000 + "y"],
)
def test_no_text_is_too_odd(said: str) -> None:
    found = "".join(texts(result(text(said))))

    assert (
        found.replace(" ", "").encode().decode()
        == said.encode(errors="replace").decode().replace(" ", "").strip()
    )


def test_a_document_that_says_nothing_has_no_chunks() -> None:
    assert cut(result()) == cut(result(text("1", role="page_number"))) == []


def test_ids_are_the_same_everywhere_and_differ_between_paths_jobs_and_repetitions() -> None:
    read = result(heading("A"), text("same"), heading("A"), text("same"))
    first, second = (each["chunk"] for each in cut(read, by="heading"))

    assert first == "483b85489fbdf9ab8a4bb95af03a7ca7"
    assert len({first, second, *(each["chunk"] for each in cut(read, "b.txt", by="heading"))}) == 4
    others = chunk_records(read, ChunkSpec(by="heading"), "other", "a.txt")
    assert first not in {each["chunk"] for each in others}


def test_an_edit_changes_the_ids_of_the_chunks_it_is_in_alone() -> None:
    sections = [
        (heading(f"Part {number}"), text(LONG.replace("more", f"of {number}"))) for number in range(6)
    ]
    edited = [*sections[:2], (heading("Part 2"), text("Shorter now.")), *sections[3:]]
    before, after = (
        {
            each["chunk"]: each["headings"]
            for each in cut(result(*itertools.chain(*some)), by="heading", size=64)
        }
        for some in (sections, edited)
    )

    assert {*map(str, (before[each] for each in before.keys() - after.keys()))} == {"['Part 2']"}
    assert len(after.keys() - before.keys()) == 1


@pytest.mark.parametrize("guess", [0, 1, 3, 400])
def test_room_is_found_in_few_steps(guess: int) -> None:
    for count, room in itertools.product((0, 1, 2, 7, 1000), (0, 1, 3, 6, 7, 500, 2000)):
        asked: list[int] = []

        def fits(number: int, room: int = room, asked: list[int] = asked) -> bool:
            asked.append(number)
            return number <= room

        assert _most(count, fits, guess) == min(count, room)
        assert len(asked) == len(set(asked)) <= 22
        assert max(asked, default=0) <= max(2 * room + 1, guess)


def test_windows_are_the_text_and_end_between_words() -> None:
    said = "a few words\n\n" * 50 + "x" * 400
    found = list(_windows(said, 100))

    assert "".join(window for _, window in found) == said
    assert [place for place, _ in found] == [
        *itertools.accumulate((len(each) for _, each in found[:-1]), initial=0)
    ]
    assert all(len(window) <= 100 for _, window in found)
    assert found[0][1].endswith("words")
