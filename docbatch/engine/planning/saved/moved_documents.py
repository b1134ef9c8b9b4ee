"""What became of the documents that a saved plan would send, named for whoever has to review a new one."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import islice

from docbatch.core.changes import ChangeKind, another
from docbatch.core.report import plural, visible
from docbatch.engine.planning.differences_database import Change, Differences
from docbatch.naming.pathtext import escape, unescape

Documents = Mapping[tuple[str, str], tuple[str, str]]
"""Key and digest of each document, by its job and its path as it is shown."""

MOST = 10
ANOTHER_WAY = "is made in another way"
ELSEWHERE = "the account or the versions changed"
"""What it is where the spec says the same as before."""


def named_moves(
    then: Documents, send: AbstractSet[str], differences: Differences, ways: Mapping[str, str]
) -> str:
    """Return the end of a sentence: which documents are to be sent now and were not then, and the reverse, each with why.

    `then` is empty for a plan that names none: what it does not have of `send` is only counted. `ways` say of jobs what
    changed in their specs of how documents are made.
    """
    now = {
        (job, escape(path)): (key, digest)
        for job, path, key, digest in differences.sent()
        if then or key not in send
    }
    places = sorted(place for place in {**then, **now} if then.get(place) != now.get(place))
    lines = [
        f"  job '{job}': {visible(path)}: {_became(then, now, differences, (job, path), ways)}"
        for job, path in islice(places, MOST)
    ]
    if len(places) > MOST:
        lines.append(f"  and {plural(len(places) - MOST, 'more document')}")
    unnamed = 0 if then else len(send - set(differences.keys_to_send()))
    if unnamed:
        lines.append(f"  {plural(unnamed, 'document')} no longer to be sent, which the plan does not name")
    return ":\n" + "\n".join(lines) if lines else "; the same documents are to be sent"


def _became(
    then: Documents, now: Documents, differences: Differences, place: tuple[str, str], ways: Mapping[str, str]
) -> str:
    before, after = then.get(place), now.get(place)
    job, path = place
    change = differences.change_of(job, unescape(path))
    if after is None:
        return _no_longer(change)
    assert change is not None
    if before is None:
        return str(change.reason)
    if before[1] != after[1]:
        return str(another(change.media_type))
    return f"{ANOTHER_WAY}: {ways.get(job, ELSEWHERE)}"


def _no_longer(change: Change | None) -> str:
    if change is None:
        return "is through already, or is not among the documents any more"
    if change.kind is ChangeKind.REMOVE:
        return "no longer found"
    return f"is not to be sent any more: {change.reason}"
