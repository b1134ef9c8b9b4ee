"""Pages of docs/ that are drawn from the code, so that they cannot say something else."""  # noqa: INP001

from collections.abc import Mapping
from pathlib import Path

from docbatch.lifecycle import TRANSITIONS, Event, diagram
from docbatch.models import SubmissionStatus

DOCS = Path(__file__).parents[1] / "docs"

STATUSES: Mapping[SubmissionStatus, str] = {
    SubmissionStatus.INTENDED: "The request is recorded, and its first attempt is in flight in the running process.",
    SubmissionStatus.UNANSWERED: "An answer was lost or the process died; the work may exist, so at most the same key is sent again.",
    SubmissionStatus.SUBMITTED: "The vendor has the work; it is polled, and results are fetched as they end.",
    SubmissionStatus.COLLECTED: "Every document has ended: its result lies in the spool, or its failure is recorded.",
    SubmissionStatus.HELD: "Whether the work exists cannot be found out now. It waits for a later look or for `docbatch resolve`.",
    SubmissionStatus.VOID: "The work certainly does not exist; its documents wait to be sent again.",
    SubmissionStatus.REFUSED: "The vendor answered no to the only attempt; its documents failed with that reason.",
    SubmissionStatus.EXPIRED: "The vendor no longer has the work; what was not fetched is not sent again without consent.",
}

EVENTS: Mapping[Event, str] = {
    Event.INTENDED: "The exact bytes of the request and its documents are on disk; only now may the create be sent.",
    Event.ACCEPTED: "The vendor answered that it has the work.",
    Event.REFUSED: "The vendor answered no, and no earlier attempt could have succeeded.",
    Event.NOT_SENT: "No byte of the request left, and no earlier attempt could have succeeded.",
    Event.UNANSWERED: "The answer was lost, or the process died before it was recorded.",
    Event.REPLAY_REFUSED: "Sending the same key again was refused, which says nothing about the first attempt.",
    Event.FOUND: "A look at the vendor saw the work.",
    Event.ABSENT: "Enough spaced looks over the whole grace saw nothing, beside something that is certainly there.",
    Event.UNKNOWABLE: "The vendor can be neither asked nor searched, or what was seen proves nothing.",
    Event.RESOLVED_FOUND: "A person says that the work exists.",
    Event.RESOLVED_ABSENT: "A person says that the work does not exist.",
    Event.COLLECTED: "The last of its documents has ended.",
    Event.LOST: "The vendor answered that it no longer knows the work.",
}

STATE = """# The life of a submission

A submission is one batch at a vendor, as docbatch knows it. It moves only as drawn here; a recorded history that says
anything else is a damaged state, and docbatch says so and stops. This page is drawn from `docbatch/lifecycle.py` by
`script/docs`.

```mermaid
{diagram}```

| status | means |
|---|---|
{statuses}

| event | means | leads from | to |
|---|---|---|---|
{events}
"""


def state() -> str:
    """Draw the page about submissions from the table of transitions."""
    return STATE.format(
        diagram=diagram(),
        statuses="\n".join(f"| `{status}` | {text} |" for status, text in STATUSES.items()),
        events="\n".join(_event(event, text) for event, text in EVENTS.items()),
    )


def _event(event: Event, text: str) -> str:
    moves = [(source, target) for (source, each), target in TRANSITIONS.items() if each is event]
    sources = ", ".join("nothing" if source is None else f"`{source}`" for source, _ in moves)
    targets = ", ".join(f"`{target}`" for target in dict.fromkeys(target for _, target in moves))
    return f"| `{event}` | {text} | {sources} | {targets} |"


PAGES = {"state.md": state}

if __name__ == "__main__":
    for name, draw in PAGES.items():
        (DOCS / name).write_text(draw(), encoding="utf-8")
