"""What is found out before money is first spent on a connection: every row of the table in `look_for_unknown_work`, and the run after it."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Recovery
from tests.fake.observed import Seen, broke
from tests.fake.project import Project
from tests.fake.table import TEXTS, Row

DONE = "intended accepted collected"
ONE, TWO = "accepted: batch-1", "accepted: batch-2"


def seen(*told: str, **differs: Any) -> Seen:
    """Return a run that sends three documents in two creates."""
    usual = Seen((DONE, DONE), told, counted=3, documents="3 succeeded", calls="survey 1, create 2")
    return replace(usual, **differs)


def nothing(connection: str, *told: str, **differs: Any) -> Seen:
    usual = Seen((), told, connection, documents="3 pending", calls="survey 1, create 0")
    return replace(usual, **differs)


def row(faults: Sequence[str], first: Seen, then: Seen | None = None, **given: Any) -> Row:
    """Return the row of searches that fail like this, one after the other."""
    return Row({"survey": faults}, first, then, **given)


def leave_unknown_work(project: Project, number: int = 1) -> None:
    """Let the vendor have work of this project that the state does not know."""
    for each in range(number):
        project.cloud.create("acme", f"proj-s{each}", {})


def send_before(project: Project) -> None:
    """Let something have been sent before the three documents were there."""
    shutil.move(project.root / "in", project.root / "aside")
    project.write({"z.txt": "zebra"})
    project.apply(may_create=False)
    shutil.copy(project.folder / "state.db", project.root / "backup.db")
    project.apply()
    shutil.rmtree(project.root / "in")
    shutil.move(project.root / "aside", project.root / "in")


def put_back(project: Project) -> None:
    """Put the state back that was there before something was sent."""
    send_before(project)
    for path in project.folder.glob("state.db*"):
        path.unlink()
    shutil.copy(project.root / "backup.db", project.folder / "state.db")


def copy(project: Project) -> None:
    """Put the folder back as it is, with all that lies beside the state."""
    send_before(project)
    shutil.move(project.folder, project.root / "moved")
    shutil.copytree(project.root / "moved", project.folder)


def change_account(project: Project) -> None:
    """Let the connection speak for another account while its work is under way."""
    project.apply(wait=False)
    project.account = "other"


ALL = seen(ONE, TWO)
KNOWN = seen("accepted: batch-2", "accepted: batch-3")
BLOCKED, TOLD = "blocked by GuardRefused: ", "trouble: connection: "
UNKNOWN = "connection 'fake' has work of this project that the state does not know: "
OLDER = (
    "this state does not know what was sent since: it ends at event 0, and event 1 was"
    " reached before; it was restored from a backup"
)
STRANDED = "connection 'fake' now speaks for other, and submission S, which was sent for acme, is not through"
WATCHED = (
    "trouble: connection: the state was copied or put back, so the vendor's lists are watched for 60 s before anything"
    " is sent"
)
AWAY = Seen(
    ("intended accepted",) * 2,
    (TOLD + STRANDED,),
    BLOCKED + STRANDED,
    documents="3 pending",
    calls="survey 0, create 0",
)
FREE = {"free": True}


def guarded(text: str, **differs: Any) -> Seen:
    return nothing(BLOCKED + text, TOLD + text, **differs)


def stays(first: Seen, **given: Any) -> Row:
    """Return the row of what every run finds."""
    return row([], first, first, repeats=True, **given)


ROWS = {
    "nothing unknown": row([], ALL),
    "unavailable": row(["down", "down"], replace(ALL, connection="rests 1 s, rests 2 s", calls="survey 3, create 2")),
    "unavailable, and the vendor names a wait": row(["down_wait"], replace(ALL, connection="rests 9 s", calls="survey 2, create 2")),
    "credentials": row(
        ["credentials"], nothing("cut by CredentialsError: the key is refused", "trouble: connection: the key is refused"), ALL
    ),
    "what searches never raise": row(["gone"], nothing("cut by Gone: scripted", "trouble: connection: scripted"), ALL),
    "unexpected": row(["unexpected"], nothing(f"cut by Unexpected: {broke('survey')}", f"trouble: connection: {broke('survey')}"), ALL),
    "unknown work": stays(guarded(UNKNOWN + "proj-s0"), before=leave_unknown_work, paid=0),
    "unknown work, much of it": stays(
        guarded(UNKNOWN + "proj-s0, proj-s1, proj-s2 and 2 more"), before=lambda project: leave_unknown_work(project, 5), paid=0
    ),
    "unknown work, free": stays(guarded(UNKNOWN + "proj-s0"), before=leave_unknown_work, paid=0, traits=FREE),
    "an older state": stays(guarded(OLDER, calls="survey 0, create 0"), before=put_back, kind=Recovery.NONE, paid=1),
    "an older state, free": row([], KNOWN, before=put_back, kind=Recovery.NONE, traits=FREE, paid=4),
    "a copied state": row(
        [],
        replace(
            KNOWN, told=(WATCHED, *KNOWN.told), histories=(DONE,) * 3,
            connection="rests 20 s, rests 20 s, rests 20 s", calls="survey 4, create 2",
        ),
        before=copy, paid=4,
    ),
    "a copied state, unavailable meanwhile": row(
        ["", "down"],
        replace(
            KNOWN, told=(WATCHED, *KNOWN.told), histories=(DONE,) * 3,
            connection="rests 20 s, rests 1 s, rests 20 s, rests 20 s", calls="survey 5, create 2",
        ),
        before=copy, paid=4,
    ),
    "a copied state, free": row([], replace(KNOWN, histories=(DONE,) * 3), before=copy, traits=FREE, paid=4),
    "another account": stays(AWAY, before=change_account),
    "another account, free": row(
        [], seen("accepted: batch-3", "accepted: batch-4", histories=("intended accepted",) * 2 + (DONE,) * 2),
        before=change_account, traits=FREE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_is_found_out_before_money_is_spent(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


def test_what_is_refused_names_what_is_safe_to_do_next(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(TEXTS)
    leave_unknown_work(project)

    (trouble,) = project.apply().connections.troubles.values()

    assert (type(trouble), trouble.exit_code) == (GuardRefused, 6)
    assert (
        trouble.hint
        == "nothing more is sent there; 'docbatch recover' takes it over, or put the state back that knows it"
    )
