"""Who uses an account: the processes that live, and no more in flight together than one may have."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from docbatch.providers.accounts import account_users
from docbatch.providers.accounts.account_users import (
    FRESH,
    AccountUser,
    AccountUsers,
    places,
    users_in,
    users_text,
)


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def other(folder: Path, room: str = "") -> "subprocess.Popen[str]":
    """Run a process of its own that uses an account until the end of its input."""
    code = f"""
        import sys
        from pathlib import Path
        from docbatch.providers.accounts.account_users import AccountUsers
        users = AccountUsers(Path({str(folder)!r}), "/home/project")
        users.join()
        {room}
        print("ready", flush=True)
        sys.stdin.readline()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def joined(folder: Path, time: Time) -> AccountUsers:
    users = AccountUsers(folder, "/mine", clock=time)
    users.join()
    return users


def test_a_process_is_a_user_until_it_is_killed(tmp_path: Path, time: Time) -> None:
    users = joined(tmp_path, time)
    assert users.others() == ()
    time.now += FRESH
    with other(tmp_path, "users.room(4, 2, wants_more=False)") as process:
        (seen,) = users.others()
        assert (seen.process, seen.project, seen.held) == (process.pid, "/home/project", 2)
        assert users_text(users.others()) == (
            f"another docbatch on this machine uses the account: process {process.pid}, /home/project"
        )
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.now += FRESH
    assert users.others() == ()
    users.close()


def test_the_place_of_one_that_is_gone_is_taken_again(tmp_path: Path, time: Time) -> None:
    for _ in range(3):
        joined(tmp_path, time).close()

    assert sorted(each.name for each in tmp_path.iterdir()) == ["places", "user-0"]


def test_what_a_killed_process_had_in_flight_takes_no_place(tmp_path: Path, time: Time) -> None:
    users = joined(tmp_path, time)
    with other(tmp_path, "users.room(8, 8, wants_more=False)") as process:
        assert users.room(8, 0, wants_more=True) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.now += FRESH
    assert users.room(8, 0, wants_more=True) == 8
    users.close()


def test_those_who_begin_at_once_share_the_places(tmp_path: Path, time: Time) -> None:
    all_ = [joined(tmp_path, time) for _ in range(3)]
    first = all_[0].room(9, 0, wants_more=True)
    assert first == 9
    assert [each.room(9, 0, wants_more=True) for each in all_[1:]] == [1, 1]

    for _ in range(9):
        time.now += FRESH
        held = [min(each.room(9, 9, wants_more=True), 9) for each in all_[:1]]
    assert held == [9 - 3 - 3]
    for each in all_:
        each.close()


def test_who_has_all_places_gives_up_its_part_as_they_become_free(tmp_path: Path, time: Time) -> None:
    one, two = joined(tmp_path, time), joined(tmp_path, time)
    held = {one: 8, two: 0}
    assert one.room(8, 8, wants_more=True) == 8
    for _ in range(20):
        for each in (two, one):
            time.now += FRESH
            room = each.room(8, held[each], wants_more=True)
            held[each] = max(held[each], room) if held[each] < room else max(room, held[each] - 1)
            assert sum(held.values()) <= 8 + 1

    assert held == {one: 4, two: 4}
    one.close()
    two.close()


def test_what_is_asked_again_within_a_second_is_not_looked_up(tmp_path: Path, time: Time) -> None:
    users = joined(tmp_path, time)
    assert users.room(4, 0, wants_more=True) == 4
    (tmp_path / "places").unlink()

    assert users.room(4, 3, wants_more=True) == 4
    assert not (tmp_path / "places").exists()
    users.close()


@pytest.mark.parametrize(
    ("bound", "others", "room"),
    [
        (8, [], 8),
        (8, [(0, 0)], 8),
        (8, [(3, 3)], 5),
        (8, [(0, 8)], 4),
        (8, [(8, 8)], 1),
        (8, [(6, 8), (0, 8)], 1),
        (9, [(0, 9), (0, 9)], 3),
        (1, [(1, 1), (0, 1)], 1),
        (8, [(0, 2)], 6),
    ],
)
def test_places_are_shared_and_everybody_has_one(
    bound: int, others: list[tuple[int, int]], room: int
) -> None:
    assert places(bound, tuple(AccountUser(1, "/p", *each) for each in others)) == room


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"process": "x"}', b"[" * 100_000, b"\xff"])
def test_one_who_says_nothing_that_can_be_read_counts_as_one(tmp_path: Path, time: Time, said: bytes) -> None:
    one = joined(tmp_path, time)
    (tmp_path / "user-0").write_bytes(said)

    (found,) = users_in(tmp_path)

    assert found == AccountUser(0, "")
    assert users_text((found,)) == "another docbatch on this machine uses the account"
    one.close()


def test_another_connection_of_the_same_process_is_nobody_else(tmp_path: Path, time: Time) -> None:
    one, two = joined(tmp_path, time), joined(tmp_path, time)
    assert [each.process for each in two.others()] == [os.getpid()]
    assert users_text(two.others()) == ""
    one.close()
    two.close()


def test_of_many_users_three_are_named() -> None:
    many = tuple(AccountUser(number, f"/p\n{number}") for number in range(1, 6))

    assert users_text(many) == (
        "5 others on this machine use the account: process 1, /p\\n1; process 2, /p\\n2; process 3, /p\\n3"
    )


def test_who_finds_no_place_counts_the_others(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_users, "MOST_USERS", 1)
    one, two = joined(tmp_path, time), joined(tmp_path, time)
    one.room(4, 3, wants_more=False)

    assert two.room(4, 0, wants_more=True) == 1
    assert json.loads((tmp_path / "user-0").read_bytes())["held"] == 3
    one.close()
    two.close()


def test_a_folder_that_is_gone_leaves_each_its_own_bound(tmp_path: Path, time: Time) -> None:
    users = AccountUsers(tmp_path / "gone", "/mine", clock=time)
    users.join()

    assert users.room(4, 0, wants_more=True) == 4
    assert users.others() == ()
    users.close()
