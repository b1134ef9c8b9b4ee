"""What is heard of files, by the real system, and when it makes a round due. Time is in the test's hands."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.engine.watching import file_events
from docbatch.engine.watching.source_watch import LOOK, SourceWatch
from docbatch.engine.watching.watched_places import WatchedFolder, WatchedPlaces
from docbatch.sources.globs import compile_globs
from docbatch.sources.settling import Settling
from docbatch.testing.patience import until
from tests.time_in_hand import Hands

SETTLE, EVERY = 5.0, 600.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def watch(hands: Hands) -> Iterator[SourceWatch]:
    with Settling(SETTLE, monotonic=hands.monotonic) as settling:
        made = SourceWatch(settling, EVERY, monotonic=hands.monotonic)
        yield made
        made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "in"
    root.mkdir()
    return root


def places(root: Path) -> WatchedPlaces:
    folder = WatchedFolder(os.fsencode(root), b"", compile_globs(["**/*.txt"]))
    return WatchedPlaces((folder,), frozenset({os.fsencode(root.parent / "docbatch.yaml")}))


def number(watch: SourceWatch) -> int:
    return watch.settling.waiting[0]


def test_a_file_that_was_written_makes_a_round_due_once_it_settled(
    watch: SourceWatch, root: Path, hands: Hands
) -> None:
    watch.follow(places(root))
    watch.begin_round()
    (root / "a.txt").write_text("one")
    until(lambda: number(watch) == 1, "nothing was heard")
    assert not watch.is_due()

    hands.now += SETTLE
    assert watch.is_due()
    watch.begin_round()
    assert not watch.is_due()


def test_a_file_in_a_new_folder_is_heard_of(watch: SourceWatch, root: Path, hands: Hands) -> None:
    watch.follow(places(root))
    watch.begin_round()
    (root / "deep/er").mkdir(parents=True)

    def is_stirred() -> bool:
        hands.now += SETTLE / 100
        return watch.is_due()

    until(is_stirred, "nothing was heard")


@pytest.mark.parametrize("name", ["a.md", ".hidden.txt"])
def test_what_is_no_document_makes_nothing_due(
    watch: SourceWatch, root: Path, name: str, hands: Hands
) -> None:
    watch.follow(places(root))
    watch.begin_round()
    (root / name).write_text("one")
    (root / "b.txt").write_text("two")
    until(lambda: number(watch) == 1, "nothing was heard")
    (root / "b.txt").unlink()
    watch.begin_round()

    assert watch.settling.waiting == (1, os.fsencode(root / "b.txt"))


def test_a_document_that_is_removed_makes_a_round_due(watch: SourceWatch, root: Path, hands: Hands) -> None:
    (root / "a.txt").write_text("one")
    watch.follow(places(root))
    watch.begin_round()
    (root / "a.txt").unlink()

    def is_due() -> bool:
        hands.now += SETTLE / 100
        return watch.is_due()

    until(is_due, "nothing was heard")
    assert hands.now < 1000.0 + EVERY


def test_a_spec_that_is_written_makes_a_round_due(watch: SourceWatch, root: Path, hands: Hands) -> None:
    watch.follow(places(root))
    watch.begin_round()
    (root.parent / "docbatch.yaml").write_text("project: {id: one}")

    def is_due() -> bool:
        hands.now += SETTLE / 100
        return watch.is_due()

    until(is_due, "nothing was heard")
    assert hands.now < 1000.0 + EVERY


def test_everything_is_looked_at_every_so_often(watch: SourceWatch, root: Path, hands: Hands) -> None:
    watch.follow(places(root))
    watch.begin_round()
    hands.now += EVERY - 1
    assert not watch.is_due()
    hands.now += 1
    assert watch.is_due()


def test_a_folder_that_is_not_there_is_looked_at_instead(
    watch: SourceWatch, root: Path, hands: Hands
) -> None:
    root.rmdir()
    watch.follow(places(root))
    watch.begin_round()

    (unheard,) = watch.unheard
    assert (unheard.folder, unheard.reason) == (os.fsencode(root), "it is not there")
    hands.now += LOOK
    assert watch.is_due()


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_folder_that_is_not_there_any_more_is_looked_at_instead(
    watch: SourceWatch, root: Path, hands: Hands, *, is_replaced: bool
) -> None:
    watch.follow(places(root))
    watch.begin_round()
    root.rename(root.with_name("old"))
    if is_replaced:
        root.mkdir()
    assert not watch.is_due()

    hands.now += LOOK
    assert watch.is_due()


def test_a_folder_with_specs_that_was_put_in_the_place_of_another_is_looked_at(
    watch: SourceWatch, root: Path, hands: Hands
) -> None:
    (root.parent / "parts").mkdir()
    fragment = os.fsencode(root.parent / "parts" / "fragment.yaml")
    watch.follow(replace(places(root), files=frozenset({fragment})))
    watch.begin_round()
    (root.parent / "parts").rename(root.parent / "old")
    (root.parent / "parts").mkdir()

    hands.now += LOOK
    assert watch.is_due()


def test_a_folder_that_came_is_heard_of(watch: SourceWatch, root: Path, hands: Hands) -> None:
    root.rmdir()
    watch.follow(places(root))
    root.mkdir()
    watch.begin_round()
    watch.follow(places(root))
    assert not watch.unheard
    (root / "a.txt").write_text("one")

    until(lambda: number(watch) == 1, "nothing was heard")


def test_a_folder_that_was_put_in_the_place_of_another_is_heard_of(
    watch: SourceWatch, root: Path, hands: Hands
) -> None:
    watch.follow(places(root))
    root.rename(root.with_name("old"))
    root.mkdir()
    watch.follow(places(root))
    watch.begin_round()
    (root / "a.txt").write_text("one")

    until(lambda: number(watch) == 1, "nothing was heard")


def test_where_the_system_watches_no_more_it_is_looked_and_said_how_to_raise_the_limit(
    watch: SourceWatch, root: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles

    def refuse(*_paths: str, **_options: object) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        raise OSError(28, "OS file watch limit reached.")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    watch.follow(places(root))
    watch.begin_round()

    (unheard,) = watch.unheard
    assert "fs.inotify.max_user_watches" in unheard.reason
    hands.now += LOOK
    assert watch.is_due()


def test_what_a_link_is_called_here_is_told(root: Path) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    heard: list[file_events.HeardChange] = []
    events = file_events.FileEvents([os.fsencode(link)], heard.extend, deep=True)
    (root / "a.txt").write_text("one")
    until(lambda: heard, "nothing was heard")
    events.close()

    assert {each.path for each in heard} == {os.fsencode(link / "a.txt")}
