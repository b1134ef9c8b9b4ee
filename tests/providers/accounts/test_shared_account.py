"""Where an account's files lie, what is in their names, and what happens where they cannot be used."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from docbatch.core.errors import Unavailable
from docbatch.providers.accounts.locked_files import FileFault
from docbatch.providers.accounts.shared_account import UNUSED, SharedAccount, accounts_folder

ACCOUNT = "api.extend.ai/workspace-7"


@contextmanager
def account(
    variables: Mapping[str, str], name: str = ACCOUNT, provider: str = "extend"
) -> Iterator[SharedAccount]:
    found = SharedAccount(provider, name, Path("/project"), variables)
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HOME": "/home/me"}, "/home/me/.cache/docbatch/accounts"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "/cache"}, "/cache/docbatch/accounts"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "cache"}, "/home/me/.cache/docbatch/accounts"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/docbatch/accounts"),
        ({"HOME": "/home/me", "DOCBATCH_ACCOUNTS": "/run/me"}, "/run/me"),
        ({"HOME": "/home/me", "DOCBATCH_ACCOUNTS": "off"}, None),
    ],
)
def test_the_folder_is_the_user_s_own(variables: Mapping[str, str], folder: str | None) -> None:
    assert accounts_folder(variables) == (None if folder is None else Path(folder))


@pytest.mark.parametrize(
    ("variables", "why"), [({}, "nor HOME says where"), ({"DOCBATCH_ACCOUNTS": "here"}, "no absolute path")]
)
def test_without_a_folder_each_has_its_own_pace(variables: Mapping[str, str], why: str) -> None:
    with pytest.raises(FileFault, match=why):
        accounts_folder(variables)
    with account(variables) as mine:
        mine.limiter(10).wait()
        assert why in mine.news()
        assert mine.news() == ""
        assert mine.room(4, 0, wants_more=True) == 4


def test_connections_of_one_account_have_one_pace_for_each_sort(tmp_path: Path) -> None:
    variables = {"DOCBATCH_ACCOUNTS": str(tmp_path)}
    with account(variables) as one, account(variables) as same, account(variables, "other") as other:
        one.limiter(10, sort="read").slow_down(1000)

        with pytest.raises(Unavailable):
            same.limiter(10, sort="read").wait()
        same.limiter(10, sort="write").wait()
        other.limiter(10, sort="read").wait()


def test_the_same_account_at_another_type_of_provider_is_another(tmp_path: Path) -> None:
    variables = {"DOCBATCH_ACCOUNTS": str(tmp_path)}
    with account(variables) as one, account(variables, provider="llamacloud") as other:
        one.limiter(10).slow_down(1000)
        other.limiter(10).wait()


def test_nothing_of_the_account_is_in_names_and_only_its_owner_may_look(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "accounts"
    with account({"DOCBATCH_ACCOUNTS": str(folder)}) as mine:
        mine.limiter(10).wait()
        mine.room(2, 1, wants_more=True)
        assert mine.news() == ""
        paths = [folder, *folder.rglob("*")]

        assert len(paths) == 5
        for each in paths:
            assert "extend" not in each.name
            assert "workspace" not in each.name
            assert not stat.S_IMODE(each.stat().st_mode) & 0o077
            assert each.is_dir() or b"workspace" not in each.read_bytes()


def test_nothing_is_made_before_something_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    with account({"DOCBATCH_ACCOUNTS": str(folder)}) as mine:
        assert mine.users == ""
        assert mine.room(4, 0, wants_more=False) == 4
    assert not folder.exists()


@pytest.mark.parametrize("which", ["all", "one"])
def test_a_folder_others_may_write_to_is_not_used(tmp_path: Path, which: str) -> None:
    variables = {"DOCBATCH_ACCOUNTS": str(tmp_path)}
    with account(variables) as first:
        first.limiter(10)
    (one,) = tmp_path.iterdir()
    (tmp_path if which == "all" else one).chmod(0o777)

    with account(variables) as mine:
        mine.limiter(10).wait()
        assert "others may write there" in mine.news()


def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with account({"DOCBATCH_ACCOUNTS": str(tmp_path / "theirs")}) as mine:
        mine.limiter(10).wait()
        assert "somebody else's" in mine.news()


def test_a_place_where_nothing_can_be_made_leaves_each_its_own_pace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with account({"DOCBATCH_ACCOUNTS": str(tmp_path / "file" / "accounts")}) as mine:
        mine.limiter(10).wait()
        assert mine.news() == f"{tmp_path}/file: File exists"


def test_switched_off_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with account({"DOCBATCH_ACCOUNTS": "off", "HOME": str(tmp_path)}) as mine:
        mine.limiter(10).wait()
        assert mine.news() == mine.users == ""
    assert list(tmp_path.iterdir()) == []


def age(folder: Path) -> None:
    for each in (*folder.iterdir(), folder):
        os.utime(each, (each.stat().st_mtime - 2 * UNUSED,) * 2)


def test_accounts_that_nobody_used_for_a_month_are_dropped(tmp_path: Path) -> None:
    variables = {"DOCBATCH_ACCOUNTS": str(tmp_path)}
    with account(variables, "old") as old:
        old.limiter(10).wait()
    (left,) = tmp_path.iterdir()
    age(left)
    with account(variables, "used") as used:
        used.limiter(10).wait()
        assert not left.exists()
        (kept,) = tmp_path.iterdir()
        age(kept)
        with account(variables, "new") as new:
            new.limiter(10).wait()

        assert kept.exists()
