"""Contents kept until they are worked on: each once, within bounds, and never needed."""

from pathlib import Path

import pytest

from docbatch.sources.kept_content import KeptContent

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


def read(kept: KeptContent, digest: str) -> bytes | None:
    stream = kept.open(digest)
    if stream is None:
        return None
    with stream:
        return stream.read()


def test_what_is_kept_lies_there_once_and_for_its_owner_alone(folder: Path) -> None:
    kept = KeptContent(folder)
    kept.keep(ONE, b"content")
    kept.keep(ONE, b"content")

    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert read(kept, ONE) == b"content"
    assert read(kept, OTHER) is None


def test_it_goes_with_who_it_is_handed_to_last(folder: Path) -> None:
    kept = KeptContent(folder)
    kept.keep(ONE, b"content")
    first, second, third = (folder / name for name in "abc")

    assert kept.hand_over(ONE, first, times=2)
    assert first.samefile(folder / f"{ONE}.object"), "it lies there once"
    first.unlink()
    assert kept.hand_over(ONE, second, times=2)
    assert not kept.hand_over(ONE, third, times=2)

    assert list(folder.iterdir()) == [second]
    assert second.read_bytes() == b"content"


@pytest.mark.parametrize("bounds", [{"most": 10}, {"files": 1}])
def test_no_more_is_kept_than_there_is_room_for(folder: Path, bounds: dict[str, int]) -> None:
    kept = KeptContent(folder, **bounds)
    kept.keep(ONE, b"content")
    kept.keep(OTHER, b"another")

    assert read(kept, ONE) == b"content"
    assert read(kept, OTHER) is None
    assert len(list(folder.iterdir())) == 1


def test_what_cannot_be_written_is_not_kept(folder: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("incoming").write_text("no folder")
    kept = KeptContent(folder)
    kept.keep(ONE, b"content")
    assert read(kept, ONE) is None
    assert not kept.hand_over(ONE, folder / "a")


def test_what_somebody_removed_is_not_kept(folder: Path) -> None:
    kept = KeptContent(folder)
    kept.keep(ONE, b"content")
    (folder / f"{ONE}.object").unlink()
    assert not kept.hand_over(ONE, folder / "a", times=2)
    assert read(kept, ONE) is None


def test_at_the_end_all_of_it_is_gone(folder: Path) -> None:
    kept = KeptContent(folder)
    kept.keep(ONE, b"content")
    kept.close()
    kept.keep(OTHER, b"another")
    assert list(folder.iterdir()) == []
