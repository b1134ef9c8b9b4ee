"""Comparing the documents found with those recorded: both in path order, each read once.

Unchanged documents are what most runs are made of; `_Sieve.sift` lets them pass in a few comparisons each and hands the
rest to the pure `changes.judge`.
"""

from collections.abc import Collection, Sequence

from docbatch.core.changes import ChangeKind, FoundDocument, Reason, Recorded, judge
from docbatch.core.errors import SpecError, UsageError
from docbatch.core.models import ItemStatus
from docbatch.engine.planning.differences_database import Change, Differences, Output
from docbatch.engine.planning.items.document_keys import (
    JobKeys,
    known_item,
    known_items,
    next_try,
    settled_key,
    told_failure,
)
from docbatch.engine.planning.places.former_outputs import former_outputs
from docbatch.engine.planning.recorded_rows import (
    RECIPE,
    WINDOW,
    EarlierRecipes,
    Outputs,
    RecordedDocuments,
    are_done,
)
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.planning.tally import Tally
from docbatch.naming.pathtext import escape
from docbatch.sources.documents import FoundDocuments, Observed, Seen, Unusable
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.out_of_sight import OutOfSight
from docbatch.sources.statcache import StatCache
from docbatch.state.documents import DocumentRow
from docbatch.state.store import Store


def compare_documents(
    target: ResolvedJob,
    store: Store | None,
    found: FoundDocuments,
    differences: Differences,
    *,
    only: Collection[bytes] | None = None,
    cache: StatCache,
) -> Tally:
    """Write into `differences` what is due for a job. `store` is None when there is no state yet.

    `only` names the documents that are compared, where no others were looked for.
    """
    sieve = _Sieve(target, store, differences, found, only, cache=cache)
    for seen in found.windows:
        if only is not None:
            sieve.tally.paths.update(
                [each.path for each in seen.documents], [each.path for each in seen.unusable]
            )
        sieve.sift(seen)
    sieve.finish()
    sieve.tally.litter = found.litter
    return sieve.tally


class _Sieve:
    def __init__(
        self,
        target: ResolvedJob,
        store: Store | None,
        differences: Differences,
        found: FoundDocuments,
        only: Collection[bytes] | None,
        *,
        cache: StatCache,
    ) -> None:
        self.tally = Tally(recorded_only=found.recorded_only)
        self._unseen = found.unseen
        self._target = target
        self._store = store
        self._differences = differences
        self._earlier = EarlierRecipes(store, target)
        self._keys = JobKeys(target, store, cache, differences)
        self._recipes = self._keys.recipes
        self._rows = RecordedDocuments(store, target, only, cache)
        recorded = (
            {} if store is None else {sink.identity: sink for sink in store.deliveries.sinks(target.name)}
        )
        self._outputs = [
            Outputs(sink, recorded.get(sink.identity), store, only)
            for sink in target.sinks
            if not sink.kind.whole
        ]
        self._former = former_outputs(target, store, only)
        # Of a document whose output may belong elsewhere more is asked, and those named are not all there are.
        self._is_all_asked = only is None and not any(output.sink.moves for output in self._outputs)
        self._roots = [] if store is None else store.deliveries.roots()
        self._changed: list[tuple[FoundDocument, Recorded | None]] = []
        self._out_of_sight = OutOfSight(found.unseen, found.unsettled)

    def sift(self, seen: Seen) -> None:
        """Take one window; both of its lists are in path order."""
        if seen.unusable:
            self._sift_unusable(seen.documents, seen.unusable)
        else:
            self._sift_documents(seen.documents)

    def _sift_documents(self, documents: Sequence[Observed]) -> None:
        self.tally.found += len(documents)
        if self._keys.are_unsettled:
            self._sift_each(documents)
            return
        if not documents or (isinstance(documents, KnownStretch) and self._passes(documents)):
            return
        rows = self._rows.upcoming(len(documents))
        if len(rows) == len(documents) and are_done(documents, rows, self._recipes):
            self._rows.skip(len(rows))
            self._pass(list(map(RECIPE, rows)))
            self._check_outputs(documents, rows)
            if isinstance(documents, KnownStretch) and all(each.were_held for each in self._outputs):
                self._agree(documents, set(map(RECIPE, rows)))
        else:
            for document in documents:
                self._sift_document(document)
        self._rows.leave_behind(documents[-1][0])

    def _sift_each(self, documents: Sequence[Observed]) -> None:
        """Take a window where it has to be told of each document whether it is split."""
        larger = self._keys.larger(documents)
        for document in documents:
            self._sift_document(document, is_larger=document.path in larger)
            self._rows.leave_behind(document.path)

    def _passes(self, documents: KnownStretch) -> bool:
        """Pass a whole stretch if it is as recorded and through, without a row for each document."""
        if not self._is_all_asked:
            return False
        after, last = self._rows.passed, documents.last
        recipe = self._rows.recipe_agreed(documents, self._recipes)
        if recipe is None and not self._outputs:
            recipe = self._rows.recipe_of(documents, self._recipes)
        held = [output.between(after, last) for output in self._outputs] if recipe is not None else []
        if recipe is None or any(len(each) != len(documents) for each in held):
            return False
        self._agree(documents, {recipe})
        self._rows.leave_behind(last)
        self._pass([recipe] * len(documents))
        for output, rows in zip(self._outputs, held, strict=True):
            for position, reason in output.differing(rows, last):
                self._rewrite(output.sink, documents[position], reason)
        return True

    def _agree(self, documents: KnownStretch, recipes: Collection[int | None]) -> None:
        for recipe in recipes if len(recipes) == 1 and self._is_all_asked else ():
            self._rows.agree(documents, recipe)

    def _pass(self, recipes: Sequence[int | None]) -> None:
        self.tally.unchanged += len(recipes)
        if self._target.standing:
            self.tally.recipes.update(recipes)

    def _check_outputs(self, documents: Sequence[Observed], rows: Sequence[DocumentRow]) -> None:
        for output in self._outputs:
            if output.sink.moves:
                for document, row in zip(documents, rows, strict=True):
                    self._check_movable(output, document, row)
            else:
                for position, reason in output.faults(rows):
                    self._rewrite(output.sink, documents[position], reason)

    def _check_movable(self, output: Outputs, document: Observed, row: DocumentRow) -> None:
        if self._is_elsewhere(output, document):
            self._rewrite(output.sink, document, Reason.NEW_SINK)
        else:
            for _, reason in output.faults([row]):
                self._rewrite(output.sink, document, reason)

    def _is_elsewhere(self, output: Outputs, document: Observed) -> bool:
        """Say whether the document's output belongs where the state does not know it to belong."""
        place = output.place(document[0])
        if place is None or not output.sink.moves or self._target.source.is_untold(document.path):
            return place is None
        wanted = self._placed(output.sink, document.path, document.digest, document.size, Reason.NEW_SINK)
        return wanted.output != place

    def _sift_document(self, document: Observed, *, is_larger: bool = False) -> None:
        row = self._row_of(document[0])
        if row is not None and are_done([document], [row], self._keys.recipes_of(is_larger=is_larger)):
            self._pass([row[5]])
            self._check_outputs([document], [row])
        else:
            self._suspect(document, row)

    def _row_of(self, path: bytes) -> DocumentRow | None:
        """Return what is recorded of a path, passing over what was not found before it."""
        while (row := self._rows.first) is not None and row[0] <= path:
            self._rows.skip(1)
            if row[0] == path:
                return row
            self._gone(row)
        return None

    def _sift_unusable(self, documents: Sequence[Observed], unusable: Sequence[Unusable]) -> None:
        """Interleave the few that cannot be used, so that rows and paths stay in step."""
        start = 0
        for each in unusable:
            end = start
            while end < len(documents) and documents[end][0] < each.path:
                end += 1
            self._sift_documents(documents[start:end])
            start = end
            self._unusable(each)
        self._sift_documents(documents[start:])

    def _unusable(self, each: Unusable) -> None:
        path, failure, hides = each
        self._out_of_sight.add(path, hides)
        row = self._row_of(path)
        recorded = None if row is None else self._recorded(row)
        self.tally.found += 1
        self._changed.append((FoundDocument(path, problem=failure), recorded))

    def _gone(self, row: DocumentRow) -> None:
        """A recorded document that was not found; one in what cannot be looked into may well be there."""
        if self._out_of_sight.may_hold(row[0]):
            return
        change = Change(self._target.name, row[0], ChangeKind.REMOVE, Reason.GONE, adopt=True)
        self._differences.change([change])

    def _recorded(self, row: DocumentRow) -> Recorded:
        status = None if row[3] is None else ItemStatus(row[3])
        return Recorded(row[1], row[2], status, problem=row[6], recipe=row[5])

    def _suspect(self, document: Observed, row: DocumentRow | None) -> None:
        path, digest, media_type, size = document
        if row is None and self._is_output(path):
            return
        recorded = None if row is None else self._recorded(row)
        if row is not None:
            for output in self._outputs:
                if self._is_elsewhere(output, document):
                    self._rewrite(output.sink, document, Reason.NEW_SINK)
        self._changed.append((FoundDocument(path, digest, media_type, size), recorded))
        if len(self._changed) >= WINDOW:
            self._judge()

    def _is_output(self, path: bytes) -> bool:
        """Outputs are never sources, wherever they lie."""
        from docbatch.engine.planning.places.known_outputs import is_output  # noqa: PLC0415 - of new files alone

        place = self._target.source.place(path)
        return place is not None and self._store is not None and is_output(self._store, self._roots, place)

    def _judge(self) -> None:
        known = self._keys.of([found for found, _ in self._changed])
        items = known_items(self._store, [key for each in known for key in each.keys], self._target.demands)
        changes = []
        for (found, before), its in zip(self._changed, known, strict=True):
            recorded = None if before is None else self._earlier.compared(before, is_split=its.is_split)
            key = settled_key(its.keys, items)
            item = items.get(key)
            due = next_try(self._store, self._target.retry, item)
            verdict = judge(found, recorded, None if item is None else known_item(item, due))
            if its.is_split and verdict.kind is ChangeKind.SEND:
                self.tally.parts[key] = self._keys.left(its, item)
            failure = (
                told_failure(item, due) if item is not None and verdict.kind is ChangeKind.STAND else None
            )
            changes.append(
                Change(
                    self._target.name, found.path, verdict.kind, verdict.reason, verdict.adopt, key,
                    found.digest, found.media_type, found.size, found.problem or failure,
                    again=recorded is not None and recorded.was_sent,
                )
            )  # fmt: skip
            if recorded is not None and verdict.kind is ChangeKind.SEND and verdict.reason is recorded.remade:
                self.tally.remade[verdict.reason, recorded.recipe] += 1
            if found.problem is None and verdict.adopt:
                self._place_all(found, verdict.reason)
        self._differences.change(changes)
        self._changed.clear()

    def _place_all(self, found: FoundDocument, reason: Reason) -> None:
        self._differences.output(
            self._placed(each.sink, found.path, found.digest, found.size, reason) for each in self._outputs
        )

    def _rewrite(self, sink: ResolvedSink, document: Observed, reason: Reason) -> None:
        output = self._placed(sink, document.path, document.digest, document.size, reason)
        if reason is Reason.NEW_SINK:
            output = self._former[sink.identity].replaced_by(output, sink)
        self._differences.output([output])

    def _placed(self, sink: ResolvedSink, path: bytes, digest: str, size: int, reason: Reason) -> Output:
        try:
            output = sink.place(path, digest, size)
        except (ValueError, SpecError) as error:
            raise UsageError(
                f"job '{self._target.name}': the sink's path template gives no usable output for {escape(path)}: {error}",
                hint="nothing was sent; mend the template, then run 'docbatch plan', which looks at the documents",
            ) from error
        return Output(self._target.name, sink.identity, path, output, sink.collision_key(output), reason)

    def finish(self) -> None:
        """Judge what is left, note what was not found, and look at sinks with one output."""
        while (row := self._rows.first) is not None:
            self._rows.skip(1)
            self._gone(row)
        self._judge()
        self.tally.add_outputs(self._outputs)
        if self.tally.unchanged == self.tally.found:
            self._rows.keep_agreements()
        self.tally.found += len(self._unseen)
        self.tally.is_all_seen = not self._unseen
        self._differences.change(
            Change(self._target.name, path, ChangeKind.LOOK, Reason.UNSEEN, adopt=False)
            for path in self._unseen
        )
        if self._store is not None:
            for sink in self._target.sinks:
                if sink.output is not None:
                    from docbatch.engine.planning.places.single_output import check_single_output  # noqa: PLC0415 - not every job has one

                    with self.tally.seeing(sink):
                        check_single_output(self._target, sink, self._store, self._differences, self.tally)
