"""A home is all that knows what lies in a state folder, and tells it by few questions."""

import re
import shutil
from pathlib import Path

import pytest

import docbatch
from docbatch.core.errors import NoState, StateLocked
from docbatch.core.lifecycle import Event
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store

SOURCE = Path(docbatch.__file__).parent
OPENED_BY_HAND = re.compile(
    r"""Store\.(?:readable|writable)\(|lock\.hold\(|/ "(?:lock|state\.db|spool|inbox|anchor|serial)\""""
)
OF_ANOTHER_FOLDER = {
    "emulators/rehearsal.py": "the folder of an emulator",
    "engine/administration/backups/dump_state.py": "the folder in which a state is made",
    "engine/administration/backups/restore_backup.py": "the folder in which a backup is brought up to date",
    "engine/administration/backups/write_backup.py": "the folder in which a copy is judged",
    "testing/attempt.py": "the folder of a project that a command is done with",
}


def begin(store: Store) -> None:
    with store.write():
        store.events.append("s1", Event.INTENDED, {})


def test_nothing_else_reaches_into_a_state_folder() -> None:
    reaching = {
        str(path.relative_to(SOURCE))
        for layer in ("api", "cli", "engine", "emulators", "testing", "webhooks")
        for path in (SOURCE / layer).rglob("*.py")
        if OPENED_BY_HAND.search(path.read_text())
    }

    assert reaching - OF_ANOTHER_FOLDER.keys() == set()


def test_a_home_costs_nothing_until_it_is_asked(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "none")

    assert not home.exists()
    assert not home.was_held()
    assert not home.is_held()
    assert not home.was_spent_from()
    assert (home.owner(), home.held_since(), home.spent_at()) == (None, None, None)
    with pytest.raises(NoState):
        home.readable()
    assert list(tmp_path.iterdir()) == []


def test_it_has_one_owner_at_a_time(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.prepare()
    with home.hold():
        assert home.is_held()
        assert "process" in str(home.owner())
        with pytest.raises(StateLocked), Home.at(tmp_path).hold():
            pytest.fail("there are two owners")
    assert not home.is_held()
    assert home.was_held()


@pytest.mark.parametrize("what", Publication)
def test_on_one_machine_only_an_intent_leaves_a_note(tmp_path: Path, what: Publication) -> None:
    home = Home.at(tmp_path)
    with home.writable() as store:
        begin(store)
        store.publish(what, "s1")

    assert home.was_spent_from() == (what is Publication.INTENT)


def test_what_is_rehearsed_elsewhere_does_not_come_back(tmp_path: Path) -> None:
    home, elsewhere = Home.at(tmp_path / "home"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    with home.writable() as store:
        begin(store)
        store.publish(Publication.INTENT, "s1")
    before = (home.folder / "serial").read_bytes()

    rehearsed = home.rehearsed(elsewhere)
    with rehearsed.writable() as store:
        begin(store)
        store.publish(Publication.INTENT, "s1")
        assert store.events.last() == 2

    with home.readable() as store:
        assert store.events.last() == 1
    assert (home.folder / "serial").read_bytes() == before
    assert rehearsed.was_spent_from()


def test_a_home_knows_the_lineage_that_was_spent_from_it(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    with home.writable() as store:
        lineage = store.lineage
        assert not home.has_spent(lineage)
        begin(store)
        store.publish(Publication.INTENT, "s1")
    shutil.copytree(home.folder, tmp_path / "copy")

    assert home.has_spent(lineage)
    assert not home.has_spent("another")
    assert not Home.at(tmp_path / "copy").has_spent(lineage)
    assert Home.at(tmp_path / "copy").is_moved()
