"""What a job takes of documents that lie in containers."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import FailureClass
from docbatch.sources import allowance, opened
from docbatch.sources.allowance import Allowance
from docbatch.sources.documents import Unusable
from docbatch.sources.folder import FolderSource
from docbatch.sources.opened import OpenedSource
from docbatch.sources.sampling import Sample
from docbatch.sources.selecting.conditions import Conditions
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.selecting.selected import SelectedSource
from docbatch.sources.statcache import StatCache
from docbatch.sources.where import WhereOptions
from tests.containers.boxes import mail, zipped

PDF = b"%PDF-1.7 of no pages"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with closing(StatCache(tmp_path / "cache.db", margin_ns=-(10**12))) as kept:
        yield kept


def write(root: Path, files: dict[str, bytes]) -> None:
    root.mkdir(exist_ok=True)
    for name, content in files.items():
        (root / name).write_bytes(content)


def made(root: Path, rules: SelectionRules | None = None) -> SelectedSource:
    return SelectedSource(OpenedSource(FolderSource(root, ["**"])), rules or SelectionRules())


def where(**options: object) -> SelectionRules:
    return SelectionRules(conditions=Conditions.of(WhereOptions.model_validate(options)))


def unusable(source: SelectedSource, cache: StatCache, only: set[bytes] | None = None) -> list[Unusable]:
    return [each for seen in source.find(cache, only).windows for each in seen.unusable]


def paths(source: SelectedSource, cache: StatCache) -> list[bytes]:
    return [each.path for seen in source.find(cache).windows for each in seen.documents]


def test_what_an_ignore_file_leaves_out_is_counted_and_explained(tmp_path: Path, cache: StatCache) -> None:
    root = tmp_path / "in"
    write(root, {".docbatchignore": b"a.zip\n", "a.zip": zipped({"x.txt": b"x"}), "b.txt": b"b"})
    source = made(root)
    found = source.find(cache)

    assert [each.path for seen in found.windows for each in seen.documents] == [b"b.txt"]
    assert found.selection is not None
    assert found.selection.ignored_files == 1
    for path in (b"a.zip", b"a.zip!x.txt"):
        assert source.why_left_out(path) == "line 1 of .docbatchignore leaves it out"


def test_what_cannot_be_read_in_a_container_is_judged_by_its_name_as_a_file_is(
    tmp_path: Path, cache: StatCache
) -> None:
    root = tmp_path / "in"
    members = {"a.txt": b"", "b.pdf": b"", "/c.txt": b"x", "/d.pdf": PDF, "e.pdf": PDF}
    write(root, {"a.zip": zipped(members), "b.txt": b"", "c.pdf": b""})

    assert [each.path for each in unusable(made(root, where(type=["pdf"])), cache)] == [
        b"a.zip!%2Fd.pdf",
        b"a.zip!b.pdf",
        b"c.pdf",
    ]


def test_what_cannot_be_read_in_a_mail_is_judged_by_what_the_mail_says(
    tmp_path: Path, cache: StatCache
) -> None:
    root = tmp_path / "in"
    write(root, {"a.eml": mail("", subject="A", x_txt=b""), "b.eml": mail("", subject="B", x_txt=b"")})

    assert [each.path for each in unusable(made(root, where(metadata={"subject": "A"})), cache)] == [
        b"a.eml!x.txt"
    ]


def test_many_members_that_cannot_be_read_open_their_container_once(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, asked = tmp_path / "in", []
    write(root, {"a.zip": zipped({f"{number}.txt": b"" for number in range(50)})})
    listed = OpenedSource._listed

    def noting(self: OpenedSource, *told: object) -> object:
        asked.append(told)
        return listed(self, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenedSource, "_listed", noting)
    assert unusable(made(root, where(metadata={"subject": "A"})), cache) == []
    assert len(asked) == 1


@pytest.mark.parametrize("size", [1, "1%"])
def test_a_container_that_cannot_be_opened_is_in_every_sample_because_of_what_it_hides(
    tmp_path: Path, cache: StatCache, size: int | str
) -> None:
    root = tmp_path / "in"
    write(root, {f"{number}.zip": b"PK\3\4 cut off" for number in range(5)})
    found = unusable(made(root, SelectionRules(sample=Sample.of(size))), cache)

    assert [each.hides for each in found] == [b"%d.zip!" % number for number in range(5)]


def test_a_container_that_may_not_be_read_hides_what_is_in_it(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "in"
    write(root, {"a.zip": b"", "b.txt": b"", "c": b"", "d.pdf": b""})
    hidden = {b"a.zip": b"a.zip!", b"b.txt": None, b"c": b"c!", b"d.pdf": None}

    assert {each.path: each.hides for each in unusable(made(root), cache)} == hidden
    (named,) = unusable(made(root), cache, {b"a.zip!x.txt"})
    assert named.hides == b"a.zip!"


def test_a_container_over_which_a_process_ended_is_opened_again_another_day(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "in"
    write(root, {"a.zip": zipped({"x.txt": b"x"})})
    monkeypatch.setattr(opened, "_OF_THE_MACHINE", frozenset({FailureClass.EMPTY}))
    write(root, {"a.zip": zipped({"x.txt": b"x", "y.txt": b""})})
    unusable(made(root), cache)
    assert cache.file is not None

    assert cache.file.read("SELECT DISTINCT ended FROM member", ()) == [(1,)]


def test_of_a_repository_that_is_not_trusted_a_container_is_unpacked_no_further_than_is_allowed(
    tmp_path: Path, cache: StatCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MOST_BYTES", 100_000)
    root, bound = tmp_path / "in", Allowance()
    write(root, {"a.zip": zipped({f"{number}.txt": bytes(30_000) for number in range(9)})})
    source = OpenedSource(FolderSource(root, ["**"]), bound)
    with pytest.raises(GuardRefused, match="more than"):
        list(source.find(cache).windows)

    assert cache.file is not None
    assert cache.file.read("SELECT * FROM member", ()) == []


def test_of_a_repository_that_is_not_trusted_containers_are_opened_for_a_bounded_time(
    tmp_path: Path, cache: StatCache
) -> None:
    root, bound = tmp_path / "in", Allowance()
    bound.seconds = 0.0
    write(root, {"a.zip": zipped({"x.txt": b"x"})})
    with pytest.raises(GuardRefused, match="seconds"):
        list(OpenedSource(FolderSource(root, ["**"]), bound).find(cache).windows)
