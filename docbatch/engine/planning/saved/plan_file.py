"""Plan files: a saved plan, so that what was reviewed is what runs, once.

A plan names the state it was made from and every item it would send. Applying it on another state, or after it was
finished, is refused, and what moved since is named; a run of it that was interrupted may be resumed with the same file.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from docbatch.core.errors import StalePlan, UsageError
from docbatch.core.keys import canonical
from docbatch.core.models import Operation, Recipe
from docbatch.core.plan_formats.as_json import plan_json
from docbatch.core.recipe_changes import differences
from docbatch.core.report import PlanReport, plural, visible
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.saved.moved_documents import MOST, Documents, named_moves
from docbatch.engine.planning.saved.reviewed_costs import MostCost, Reviewed, costs_by_key, raised
from docbatch.engine.planning.saved.saved_selectors import SavedSelectors
from docbatch.engine.progress_notices import Trouble
from docbatch.naming.pathtext import escape
from docbatch.specs.values import DeclaredProject
from docbatch.state.store import Store

VERSION = "docbatch/plan-file/v1"
LARGEST = 512 << 20
BEGINNING = b'{\n "digest": "'
"""What plan files of all versions begin with."""
NEW_ONE = "make a new one with 'docbatch plan --out FILE'"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """`lineage` is None for a plan made before there was a state. `paths` are the specs it was made from.

    `documents` are those it would send; files that an earlier version of docbatch wrote name none. `costs` are what
    each comes to at most, where that was looked into. `project` is the id of the project. `ways` say of each job how they are made, as its spec says it.
    It is of what was `selected`, for an `environment`, and for `variables` whose values came from outside, as `told_apart` has them; files
    of before say neither.
    """

    digest: str
    lineage: str | None
    serial: int
    send: frozenset[str]
    paths: tuple[str, ...]
    documents: Documents = field(default_factory=dict)
    ways: Mapping[str, str] = field(default_factory=dict)
    costs: Reviewed = field(default_factory=dict)
    project: str | None = None
    environment: str | None = None
    variables: Mapping[str, str] | None = None
    selected: SavedSelectors = field(default_factory=SavedSelectors)

    def check(self, store: Store, plan: Plan) -> frozenset[str]:
        """Return what is due and was not reviewed: items that are left.

        Raises StalePlan unless exactly this plan, or the rest of it once begun, is due, and no document of it comes to more
        than was reviewed. A plan that was made where there was no state may know less than the state it is applied to: of
        that, what is due and was reviewed is enough.
        """
        if self.project not in {None, plan.project_id}:
            raise _stale("it was made for another project, as project.id in docbatch.yaml says")
        left = self._left(store, plan)
        dearer = raised(self.costs, plan, left)
        if dearer:
            raise _stale(dearer)
        return left

    def _left(self, store: Store, plan: Plan) -> frozenset[str]:
        differences = plan.differences
        due = set(differences.keys_to_send())
        if self.lineage is None and self.ways and any(store.documents.jobs()):
            return self._not_reviewed(store, plan, due)
        begun = store.begun_plan()
        if begun == self.digest and due <= self.send and (due or any(store.submissions.open())):
            return frozenset()
        if begun == self.digest:
            raise StalePlan(f"the plan was applied already{self._moved(plan)}", hint=NEW_ONE)
        if self.lineage not in {None, store.lineage} or self.serial != store.events.last():
            raise _stale(f"the state has moved on since it was made{self._moved(plan)}")
        if due != self.send:
            raise _stale(f"what is to be sent has changed since it was made{self._moved(plan)}")
        return frozenset()

    def _not_reviewed(self, store: Store, plan: Plan, due: AbstractSet[str]) -> frozenset[str]:
        same = {target.name for target in plan.targets if self.ways.get(target.name) == _way(target)}
        reviewed = {
            key
            for job, path, key, digest in plan.differences.sent()
            if job in same and self.documents.get((job, escape(path)), ("", ""))[1] == digest
        }
        if reviewed or (store.begun_plan() == self.digest and any(store.submissions.open())):
            return frozenset(due - reviewed)
        moved = self._moved(plan)
        if store.begun_plan() == self.digest:
            raise StalePlan(f"the plan was applied already{moved}", hint=NEW_ONE)
        raise _stale(f"nothing that was reviewed is to be sent here{moved}")

    def _moved(self, plan: Plan) -> str:
        ways = {
            target.name: visible(_changed(self.ways[target.name], _way(target)))
            for target in plan.targets
            if self.ways.get(target.name, _way(target)) != _way(target)
        }
        return named_moves(self.documents, self.send, plan.differences, ways)

    def start(self, store: Store) -> None:
        """Note in the state that this plan is being applied."""
        store.begin_plan(self.digest)


def left_out(left: AbstractSet[str], differences: Differences) -> Trouble:
    """Say which documents are due and were not reviewed."""
    named = [
        f"job '{job}': {visible(escape(path))}" for job, path, key, _ in differences.sent() if key in left
    ]
    shown = "; ".join(named[:MOST]) + (f"; and {len(named) - MOST:,} more" if len(named) > MOST else "")
    return Trouble(
        "the plan",
        f"{plural(len(named), 'document')} to be sent here that the plan does not have, left for now: {shown}",
        "review them: 'docbatch plan --out FILE'",
    )


def _stale(what: str) -> StalePlan:
    return StalePlan(
        f"the plan is stale: {what}", hint="nothing was sent; review a new one: 'docbatch plan --out FILE'"
    )


def save(path: Path, project: DeclaredProject, plan: Plan, report: PlanReport, paths: Iterable[str]) -> None:
    """Write a plan file; its path is relative to where the project was looked for. It takes the place of another plan, and of nothing else.

    Raises UsageError when it cannot be written.
    """
    here = project.here
    store = plan.store
    content = {
        "version": VERSION,
        "project": plan.project_id,
        "environment": plan.environment,
        "variables": told_apart(project.environment.outside),
        "lineage": None if store is None else store.lineage,
        "serial": 0 if store is None else store.events.last(),
        "paths": list(paths),
        "selectors": plan.selected.written(),
        "send": list(plan.differences.keys_to_send()),
        "documents": _documents(plan),
        "ways": {target.name: _way(target) for target in plan.targets},
        "report": plan_json(report),
    }
    text = json.dumps(content, indent=1, sort_keys=True)
    try:
        if not _may_be_replaced(here / path):
            raise UsageError(f"{path}: exists already and is not a plan file", hint="name another file")
        (here / path).write_text(
            json.dumps({"digest": _digest(text), "plan": content}, indent=1, sort_keys=True) + "\n"
        )
    except OSError as error:
        raise UsageError(f"{path}: the plan cannot be written: {error.strerror}") from error


def load(path: Path, here: Path) -> SavedPlan:
    """Read a plan file; its path is relative to `here`. Raises UsageError when it is none, or was edited."""
    try:
        with (here / path).open("rb") as file:
            # Pipes and devices do not say how much comes.
            read = file.read(LARGEST + 1)
        if len(read) > LARGEST:
            raise UsageError(f"{path}: is too large to be a plan file")
        written = json.loads(read.decode())
        content = written["plan"]
        digest = _digest(json.dumps(content, indent=1, sort_keys=True))
        if written["digest"] != digest or content["version"] != VERSION:
            raise UsageError(
                f"{path}: was edited, or is of another version",
                hint=f"make it again with 'docbatch plan --out {path}'",
            )
        return SavedPlan(
            digest,
            content["lineage"],
            int(content["serial"]),
            frozenset(content["send"]),
            tuple(content["paths"]),
            _named(content.get("documents", {})),
            {str(job): _judged(way) for job, way in content.get("ways", {}).items()},
            _costs(content.get("documents", {})),
            content.get("project"),
            content.get("environment"),
            content.get("variables"),
            SavedSelectors.read(content.get("selectors")),
        )
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path}: is not a plan file", hint="'docbatch plan --out FILE' writes one"
        ) from error


def told_apart(variables: Mapping[str, str]) -> dict[str, str]:
    """Return texts by which values can be compared, and not read."""
    return {name: _digest(value) for name, value in sorted(variables.items())}


def _may_be_replaced(path: Path) -> bool:
    """Say whether a plan may be written there: what is no regular file, such as a pipe, loses nothing by it."""
    if not path.is_file():
        return True
    with path.open("rb") as file:
        start = file.read(len(BEGINNING))
    return start in {b"", BEGINNING}


def _way(target: ResolvedJob) -> str:
    """Return how a job's documents are made as its spec says it, without what only a state or a vendor knows."""
    way = [target.recipe.provider, target.declared_account, str(target.operation), dict(target.config)]
    return canonical(way)


def _judged(way: str) -> str:
    """Return a way as `_way` returns it. Raises ValueError, TypeError for what is none."""
    _recipe(way)
    return way


def _changed(old: str, new: str) -> str:
    """Say what differs between two ways."""
    return ", ".join(
        f"{each.what}: {each.old} → {each.new}" for each in differences(_recipe(old), _recipe(new))
    )


def _recipe(way: str) -> Recipe:
    provider, account, operation, config = json.loads(way)
    return Recipe(str(provider), str(account), Operation(operation), dict(config), {})


def _documents(plan: Plan) -> dict[str, dict[str, str]]:
    """Return key, SHA-256 and cost of what is to be sent, as one text each, because there may be millions, by job and path."""
    costs = costs_by_key(plan)
    written: dict[str, dict[str, str]] = {}
    for job, path, key, digest in plan.differences.sent():
        parts = (key, digest, *((str(costs[key]),) if key in costs else ()))
        written.setdefault(job, {})[escape(path)] = " ".join(parts)
    return written


def _named(written: dict[str, dict[str, str]]) -> Documents:
    return {
        (job, path): (key, digest)
        for job, documents in written.items()
        for path, told in documents.items()
        for key, digest in (told.split(" ")[:2],)
    }


def _costs(written: dict[str, dict[str, str]]) -> Reviewed:
    return {
        (job, path): MostCost.read(cost[0])
        for job, documents in written.items()
        for path, told in documents.items()
        if (cost := told.split(" ")[2:])
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
