"""What a job takes of a source: the same for every kind, and as quick as before where all is taken."""

import os
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import FailureClass
from docbatch.sources.base import Source
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed
from docbatch.sources.folder import FolderSource
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.listed import ListedSource, Listing
from docbatch.sources.path_parts import compile_path_parts
from docbatch.sources.sampling import Sample
from docbatch.sources.selecting.conditions import Conditions
from docbatch.sources.selecting.metadata_rows import MetadataRow, MetadataRows
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.selecting.selected import SelectedSource
from docbatch.sources.statcache import StatCache
from docbatch.sources.where import WhereOptions
from tests.sources.test_source_contract import DOCUMENTS, KINDS, ORDER

Make = Callable[[Path], Source]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with closing(StatCache(tmp_path / "cache.db", margin_ns=-(10**12))) as opened:
        yield opened


@pytest.fixture(params=KINDS, ids=lambda make: str(make.__name__))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    make: Make = request.param
    return make(tmp_path)


def where(**options: object) -> SelectionRules:
    return SelectionRules(conditions=Conditions.of(WhereOptions.model_validate(options)))


def rows(*lines: tuple[str, Mapping[str, str]]) -> MetadataRows:
    return MetadataRows(
        [MetadataRow(path, columns, line) for line, (path, columns) in enumerate(lines, 2)], "list.csv"
    )


def paths(found: FoundDocuments) -> list[bytes]:
    return [each.path for seen in found.windows for each in seen.documents]


def taken(source: Source, rules: SelectionRules, *only: bytes) -> list[bytes]:
    return paths(SelectedSource(source, rules).find(StatCache(None), set(only) if only else None))


def files(root: Path, names: Sequence[str]) -> Source:
    root.mkdir(exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return FolderSource(root, ["**"])


def test_every_kind_of_source_is_what_it_was_without_a_word_about_its_documents(source: Source) -> None:
    selected = SelectedSource(source, SelectionRules())

    assert paths(selected.find(StatCache(None))) == ORDER
    assert (selected.identity, selected.shown) == (source.identity, source.shown)
    assert selected.unwrapped is source.unwrapped
    assert [selected.file(path) for path in ORDER] == [source.file(path) for path in ORDER]
    assert list(selected.entries()) == list(source.entries())
    assert all(isinstance(each, Entry) for each in selected.entries())


def test_every_kind_of_source_can_be_narrowed(source: Source) -> None:
    by_row = SelectionRules(
        rows=rows(("b/*", {"team": "red"}), ("a.txt", {"team": "blue"})),
        conditions=Conditions.of(WhereOptions.model_validate({"metadata": {"team": "red"}})),
    )

    assert taken(source, by_row) == [b"b/c.txt"]
    assert taken(source, where(size={"max": 3})) == [b"a.txt", b"b/c.txt"]
    assert taken(source, where(size={"min": 4})) == [b"b.txt"]
    assert taken(source, where(type=["txt"])) == ORDER
    assert taken(source, where(type="text/*")) == ORDER
    assert taken(source, where(type=["pdf", "image/*"])) == []
    assert len(taken(source, SelectionRules(sample=Sample.of(2)))) == 2
    assert taken(source, where(size={"min": 4}), b"a.txt", b"b.txt") == [b"b.txt"]


def test_what_is_left_out_is_counted_and_explained(source: Source) -> None:
    selected = SelectedSource(source, where(size={"max": 3}))
    found = selected.find(StatCache(None))

    assert (paths(found), found.selection and found.selection.filtered) == ([b"a.txt", b"b/c.txt"], 1)
    assert selected.why_left_out(b"b.txt") == "where leaves it out: it has 5 B"
    assert selected.why_left_out(b"none") is None


def test_rows_say_more_than_paths_and_these_more_than_the_source() -> None:
    listing = Listing(
        {b"a/x": b"x"}, types={b"a/x": "text/plain"}, metadata={b"a/x": {"p": "0", "q": "0", "r": "0"}}
    )
    rules = SelectionRules(rows=rows(("a/*", {"r": "2"})), parts=compile_path_parts("{q}/{r}"))
    source = SelectedSource(ListedSource(Path("/mirror"), listing), rules)

    assert source.metadata(b"a/x") == {"p": "0", "q": "a", "r": "2"}
    assert source.metadata(b"other") == {}


def test_the_row_of_a_path_comes_first_and_then_patterns_in_their_order() -> None:
    known = rows(
        ("**", {"a": "1", "b": "1"}),
        ("x/*.pdf", {"b": "2", "c": "2"}),
        ("x/1.pdf", {"a": "3"}),
        ("x[1].pdf", {"a": "4"}),
    )

    assert known.of(b"x/1.pdf") == {"a": "3", "b": "1", "c": "2"}
    assert known.of(b"x/2.pdf") == {"a": "1", "b": "1", "c": "2"}
    assert known.of(b"x[1].pdf")["a"] == "4"
    assert rows(("./caf%C3.pdf", {"a": "1"})).of(b"caf\xc3.pdf") == {"a": "1"}
    assert rows(("100%25.pdf", {"a": "1"})).of(b"100%25.pdf") == {"a": "1"}


def test_rows_that_are_about_nothing_are_told(tmp_path: Path) -> None:
    source = files(tmp_path / "in", ["a.txt", "b/c.txt"])
    known = rows(("a.txt", {}), ("none.txt", {}), ("b/**", {}), ("x/*.pdf", {}), ("c.txt", {}))
    selected = SelectedSource(source, SelectionRules(rows=known)).find(StatCache(None))

    assert paths(selected) == [b"a.txt", b"b/c.txt"]
    assert selected.selection is not None
    assert list(selected.selection.notes()) == [
        "list.csv: no document is meant by line 3 (none.txt), line 5 (x/*.pdf), line 6 (c.txt)"
    ]


def test_of_a_repository_of_others_patterns_are_tried_no_longer_than_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("docbatch.sources.selecting.metadata_rows._MOST_TRIED", 100)
    lines = [MetadataRow(f"?{letter}*x*", {"a": letter}, 1) for letter in string.ascii_lowercase]
    own, foreign = MetadataRows(lines, "list.csv"), MetadataRows(lines, "list.csv", is_bounded=True)

    assert {own.of(b"%db-x-x" % number).get("a") for number in range(10)} == {"b"}
    with pytest.raises(GuardRefused, match=r"list\.csv: patterns with several wildcards"):
        [foreign.of(b"%db-x-x" % number) for number in range(10)]


def test_a_time_of_change_that_nobody_knows_leaves_nothing_out(tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ["new.txt", "old.txt"])
    os.utime(tmp_path / "in/old.txt", (0, 946_684_799))
    os.utime(tmp_path / "in/new.txt", (0, 946_684_800))
    since, until = (
        where(modified={"after": "2000-01-01"}),
        where(modified={"before": "2000-01-01T01:00+01:00"}),
    )

    assert (taken(folder, since), taken(folder, until)) == ([b"new.txt"], [b"old.txt"])
    listed = ListedSource(tmp_path, Listing({b"a": b"a"}, types={b"a": "text/plain"}))
    found = SelectedSource(listed, since).find(StatCache(None))
    assert paths(found) == [b"a"]
    assert found.selection is not None
    assert "nothing says when 1 document changed last" in " ".join(found.selection.notes())


def test_pages_are_asked_of_those_alone_that_all_else_takes(tmp_path: Path) -> None:
    source = files(tmp_path / "in", ["1.txt", "2.txt", "3.txt", "large-9.txt"])
    asked: list[bytes] = []

    def pages(_source: Source, documents: Sequence[Observed], _cache: StatCache) -> Mapping[bytes, int]:
        asked.extend(each.path for each in documents)
        return {each.path: int(each.path[-5:-4]) for each in documents if each.path != b"3.txt"}

    found = SelectedSource(source, where(pages={"min": 2}, size={"max": 5}), pages).find(StatCache(None))

    assert paths(found) == [b"2.txt", b"3.txt"]
    assert asked == [b"1.txt", b"2.txt", b"3.txt"]
    assert found.selection is not None
    assert found.selection.filtered == 2
    assert "the pages of 1 document cannot be counted, such as 3.txt" in " ".join(found.selection.notes())


def test_what_cannot_be_read_is_judged_by_its_name(tmp_path: Path) -> None:
    source = files(tmp_path / "in", ["a.txt"])
    (tmp_path / "in/empty.txt").touch()
    (tmp_path / "in/empty.pdf").touch()

    def unusable(rules: SelectionRules) -> list[bytes]:
        windows = SelectedSource(source, rules).find(StatCache(None)).windows
        found = [each for seen in windows for each in seen.unusable]
        assert {each.failure.kind for each in found} <= {FailureClass.EMPTY}
        return [each.path for each in found]

    assert unusable(where(type="pdf")) == [b"empty.pdf"]
    assert unusable(where(size={"min": 1})) == []
    assert unusable(where(size={"max": 10})) == [b"empty.pdf", b"empty.txt"]


def test_of_a_folder_that_cannot_be_listed_nothing_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = files(tmp_path / "in", ["a.txt", "closed.txt/b.txt"])
    scandir = os.scandir

    def closed(path: bytes) -> object:
        if path.endswith(b"closed.txt/"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    for rules in (
        SelectionRules(sample=Sample.of(1)),
        SelectionRules(sample=Sample.of("0.1%")),
        where(type="pdf"),
        where(metadata={"team": "red"}),
    ):
        found = SelectedSource(source, rules).find(StatCache(None))
        assert [each.path for seen in found.windows for each in seen.unusable] == [b"closed.txt/"]


NUMBERS = [f"{number:04}.txt" for number in range(400)]


@pytest.mark.parametrize("size", [1, 50, 399, 400, 1000, "0.5%", "12.5%", "100%"])
def test_a_sample_is_the_same_whatever_comes_later(tmp_path: Path, size: int | str) -> None:
    source = files(tmp_path / "in", NUMBERS)
    rules = SelectionRules(sample=Sample.of(size))
    first = taken(source, rules)
    again = SelectedSource(source, rules).find(StatCache(None))

    assert paths(again) == first == sorted(first)
    assert again.selection is not None
    assert again.selection.sampled == (len(first), 400)
    if isinstance(size, int):
        assert len(first) == min(size, 400)
    (tmp_path / "in/more.txt").write_text("more")
    left = set(first) - set(taken(source, rules))
    assert len(left) <= (1 if isinstance(size, int) else 0)
    assert [taken(source, rules, path) == [path] for path in map(str.encode, NUMBERS[:5])] == [
        path in taken(source, rules) for path in map(str.encode, NUMBERS[:5])
    ]


def test_which_documents_a_sample_has_is_frozen() -> None:
    """Others would be sent, and paid, after an update: this must never change."""
    shares = [str(number) for number in range(40) if Sample.of("10%").has(b"in/%d.pdf" % number)]

    assert " ".join(shares) == "6 7 22 27"


def test_where_all_is_taken_stretches_stay_packed(tmp_path: Path, cache: StatCache) -> None:
    source = files(tmp_path / "in", NUMBERS)
    paths(source.find(cache))

    def packed(rules: SelectionRules) -> list[bool]:
        windows = SelectedSource(source, rules).find(cache).windows
        return [isinstance(seen.documents, KnownStretch) for seen in windows]

    assert packed(SelectionRules(rows=rows(("**", {"a": "1"})))) == [True]
    assert packed(where(size={"max": "1MB"}, type="txt")) == [True]
    assert packed(where(size={"max": 3})) == [False]
    assert len(NUMBERS) < WINDOW


def test_unseen_links_are_narrowed_by_what_is_known_of_them() -> None:
    unseen = frozenset(b"%d" % number for number in range(100))

    class Unlooked(ListedSource):
        def find(self, cache: StatCache, only: object = None) -> FoundDocuments:
            return FoundDocuments((), unseen)

    source = Unlooked(Path("/mirror"), Listing())
    some = SelectedSource(source, SelectionRules(sample=Sample.of(7))).find(StatCache(None))
    share = SelectedSource(source, SelectionRules(sample=Sample.of("30%"))).find(StatCache(None))

    assert (paths(some), len(some.unseen)) == ([], 7)
    assert share.unseen == {path for path in unseen if Sample.of("30%").has(path)}
    assert paths(SelectedSource(source, where(metadata={"a": "1"})).find(StatCache(None))) == []


def test_the_documents_of_the_contract_are_those_of_these_tests() -> None:
    assert sorted(DOCUMENTS) == ORDER
