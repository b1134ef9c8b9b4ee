"""What of a project a plan is of, where that is a part: told in reports."""

from collections import Counter

from docbatch.core.changes import ChangeKind
from docbatch.core.report import ACTION_OF, SelectedPart
from docbatch.engine.planning.plan import Plan

_DUE = (ChangeKind.SEND, ChangeKind.DELIVER, ChangeKind.FAIL, ChangeKind.REMOVE, ChangeKind.LOOK)


def selected_part(plan: Plan) -> SelectedPart | None:
    """Return which part it is, None where a plan is of all that the specs have."""
    selectors = plan.selected.selectors
    if not selectors.are_any:
        return None
    options = selectors.options.strip()
    if plan.narrowed is None:
        return SelectedPart(options, plan.others)
    left = sum(plan.narrowed.left_out.values(), Counter[ChangeKind]())
    due: dict[str, int] = {ACTION_OF[kind]: left[kind] for kind in _DUE if left[kind]}
    return SelectedPart(options, plan.others, plan.narrowed.documents, due)


def touched(plan: Plan) -> Counter[str]:
    """Count, by job, the documents that are as they were but for an output of theirs, also those that are not selected."""
    found = Counter[str]() if plan.narrowed is None else Counter(plan.narrowed.outputs_left)
    for job, _, count in plan.differences.outputs_due_alone():
        found[job] += count
    return found
