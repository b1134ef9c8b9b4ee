"""The mutants that `mutants.py` makes: one text in one file stands for another, and the nearest tests are to notice.

Texts are short and stand once in their file, so that a changed line is found and mended here in a minute. What is chosen
is where it hurts: money, loss, planning, delivery.
"""

from typing import NamedTuple

ENGINE = "tests/engine/test_recovery.py tests/engine/test_running.py"
SENDING = "tests/engine/test_send_submission.py tests/engine/test_prepare_submission.py"
SETTLING = "tests/engine/test_settle_unanswered_creates.py"
FOLLOWING = "tests/engine/test_follow_submission.py"
HINDRANCES = "tests/engine/test_hindrances.py"
UPLOADS = "tests/engine/test_failing_uploads.py"
SCHEDULE = "tests/core/test_scheduler.py tests/core/test_scheduler_properties.py"
STATE = "tests/state"
HINTS = "tests/webhooks/test_inbox.py"
RECOVERING = "tests/engine/test_recover.py tests/engine/test_recover_work.py"
STUCK = "tests/engine/test_stuck.py tests/cli/test_stuck_work.py"
COMMANDS = "tests/cli/test_commands.py tests/cli/test_cycle.py"
UNCHANGED = "tests/cli/test_unchanged.py tests/sources/test_agreements.py"
OUTPUTS = "tests/cli/test_outputs.py tests/engine/test_recovery.py"
SINKS = "tests/sinks"
PLAN_TEXTS = "tests/cli/test_plans.py"
PLANS = "tests/cli/test_cycle.py tests/cli/test_plan_files.py tests/engine/test_recovery.py"
REUSE = "tests/cli/test_reuse.py tests/engine/test_recovery.py"
PARTS = "tests/cli/test_split_pages.py tests/providers/test_split_at_vendors.py"
DISKS = "tests/cli/test_bad_disks.py"
REFUSALS = "tests/cli/test_refusals.py"
PACKS = "tests/spool"
LIMITS = "tests/engine/test_limits.py"
TRYING = "tests/engine/test_trying_again.py"
STOPPING = "tests/engine/test_stopping_work.py"
REFUSED = "tests/engine/test_refused_batches.py"
ENDING = "tests/cli/test_interruption.py"
ROUNDS = "docbatch/engine/running/rounds/"
SPENDING = "docbatch/engine/spending/run_budget.py"


class Mutant(NamedTuple):
    what: str
    file: str
    old: str
    new: str
    tests: str


SCHEDULER = "docbatch/core/scheduler.py"
LIFECYCLE = "docbatch/core/lifecycle.py"
TURNS = "docbatch/core/turns.py"
KEYS = "docbatch/core/keys.py"
CHANGES = "docbatch/core/changes.py"
CONNECTIONS = "docbatch/engine/connections/"
RUNNING = "docbatch/engine/running/"
PLANNING = "docbatch/engine/planning/"
ASKED = "docbatch/engine/administration/"

MONEY = [
    Mutant(
        "a refused replay proves that nothing was taken", LIFECYCLE,
        "Event.REPLAY_REFUSED): Status.UNANSWERED", "Event.REPLAY_REFUSED): Status.VOID", f"tests/core/test_lifecycle.py {SETTLING}",
    ),
    Mutant(
        "what sees no witness proves absence", SCHEDULER,
        "return _hold(submission, reason)", "return Close(submission.id, absent=True, reason=reason)", f"{SCHEDULE} {SETTLING}",
    ),
    Mutant("what another owner may still send proves absence", "docbatch/core/after_silence.py", "torn and not traits.free", "False", SCHEDULE),
    Mutant("a create leaves however old its record is", "docbatch/providers/http/exchanges.py", "raise RecordTooOld", "pass", "tests/providers/http/test_late_creates.py"),
    Mutant("a create is begun however old its record is", "docbatch/engine/connections/recorded_create.py", "check_fence()\n", "pass\n", ENGINE),
    Mutant("another account settles what it cannot know", SCHEDULER, "if connection.account != submission.account:", "if False:", f"{SCHEDULE} {ENGINE}"),
    Mutant("held work takes a place for ever", SCHEDULER, "and each.status is not SubmissionStatus.HELD", "", SCHEDULE),
    Mutant("more is sent than was allowed", SCHEDULER, "chunk[:allowance]", "chunk", f"{SCHEDULE} {COMMANDS}"),
    Mutant("money is spent before questions are settled", SCHEDULER, "actions=tuple(each for each in found if", "actions=tuple(each for each in reversed(found) if", SCHEDULE),
    Mutant("what cannot be reached is sent to", SCHEDULER, "connection.unreachable or connection.blocked", "connection.unreachable", f"{SCHEDULE} {SENDING}"),
    Mutant("the grace is not waited for", "docbatch/core/looks.py", " and self.last - self.first >= traits.grace", "", f"{SCHEDULE} {SETTLING}"),
    Mutant("how far the state came is not noted before money is spent", RUNNING + "send_submission.py", "run.store.publish(Publication.INTENT, batch.submission)", "None", ENGINE),
    Mutant("what a person gave up is sent under its old name", RUNNING + "send_submission.py", ' if not record.is_abandoned(f"{run.project}-{name}"))', ")", RECOVERING),
    Mutant("what was sent does not count towards what is allowed", RUNNING + "rounds/perform_actions.py", "_allow(run, planned - sent)", "_allow(run, planned)", f"{SENDING} {COMMANDS}"),
    Mutant("work that was certainly not sent counts as known", "docbatch/state/submissions.py", "FROM submission WHERE status <> 'unsent' UNION", "FROM submission UNION", RECOVERING),
    Mutant("every later of a vendor makes a new submission", "docbatch/state/entries.py", "AND submission.status <> 'unsent'", "", ENGINE),
    Mutant("a create of a dead process is no question", RUNNING + "loop.py", "run.store.submissions.question()", "pass", ENGINE),
    Mutant("what a webhook asked for proves absence", RUNNING + "settle_unanswered_creates.py", "elif not action.hinted:", "else:", HINTS),
    Mutant("a connection in trouble is asked on", RUNNING + "rounds/perform_actions.py", "if connection.view.unreachable is not None:", "if False:", FOLLOWING),
    Mutant("how documents are processed is not part of what they are", KEYS, "return _digest([FORMAT, recipe_key, media_type, digest])", "return _digest([FORMAT, media_type, digest])", "tests/core/test_keys.py"),
    Mutant("a second try has the name of the first", KEYS, "sorted(items), attempt])", "sorted(items)])", f"tests/core/test_keys.py {ENGINE}"),
    Mutant("ended items are ended again", "docbatch/state/entries.py", "{marked('item', window)}\"\n                \" AND status IN ('running', 'ready', 'partial')\"", "{marked('item', window)}\"", f"{STATE} {FOLLOWING}"),
    Mutant("items that wait for nothing are enlisted", "docbatch/state/entries.py", "if recorded is None or recorded.status is not ItemStatus.PENDING:", "if recorded is None:", f"{STATE} {ENGINE}"),
    Mutant("a person's word that work is absent counts for submitted work too", ASKED + "edit_state.py", "if known.status not in {SubmissionStatus.HELD, SubmissionStatus.UNANSWERED}:", "if False:", "tests/cli tests/engine/test_stuck.py"),
    Mutant("a state put back is trusted where one connection was searched", ASKED + "recover_work.py", "self.restored is None or not self.unsearched", "True", RECOVERING),
    Mutant("work is taken over twice", ASKED + "adopt_unknown_work.py", "item.status in WAITING and item.key not in taken]", "item.status in WAITING]", RECOVERING),
    Mutant("unknown work is settled while documents wait", ASKED + "adopt_unknown_work.py", "elif each.wanted or each.found.connection in waiting:", "elif each.wanted:", RECOVERING),
    Mutant("a free connection has to be searched", ASKED + "recover_work.py", "if not view.traits.free}", "}", RECOVERING),
    Mutant("lists are believed a moment after something was sent", ASKED + "recover_work.py", "if passed < grace:", "if False:", RECOVERING),
    Mutant("work that may not exist is stopped", ASKED + "cancel_work.py", "found.status in DOUBTFUL", "found.status is SubmissionStatus.HELD", "tests/engine/test_cancel_work.py"),
]  # fmt: skip

LOSS = [
    Mutant("a submission is through while results wait", "docbatch/state/entries.py", "status IN ('running', 'ready', 'partial') LIMIT 1", "status IN ('running', 'partial') LIMIT 1", f"{STATE} {FOLLOWING}"),
    Mutant("a result is recorded before it is in the spool", RUNNING + "follow_submission.py", "run.spool.flush()", "pass", f"{ENGINE} tests/spool tests/test_durability.py"),
    Mutant("a result is recorded where it does not lie yet", "docbatch/spool/spool.py", "        self.store()\n        if placed:", "        if placed:", PACKS),
    Mutant("a full pack is left before it is durable", "docbatch/spool/spool.py", "        self._flush(full)\n", "", PACKS),
    Mutant("a draft is believed whatever it is", "docbatch/spool/spool.py", "if head is None or head.digest != draft.digest or head.size != size:", "if head is None:", PACKS),
    Mutant("a result is not held to its digest", "docbatch/packed.py", "    if not is_of(payload, digest):\n", "    if False:\n", PACKS),
    Mutant("the folders of a pack are not flushed", "docbatch/spool/pack.py", "                _settle(folder)\n", "                pass\n", PACKS),
    Mutant("nothing marks how far a pack was recorded", "docbatch/spool/pack.py", "self._recorded > self._marked:", "False:", PACKS),
    Mutant("what a newer state recorded is dropped", "docbatch/spool/leftovers.py", "    if adopts and any(found.recorded > (pack.end if known else 0) for found in contents(path, pack.end)):", "    if False:", PACKS),
    Mutant("what is not known is dropped under an older state", "docbatch/spool/leftovers.py", "elif whole and known:", "elif known:", PACKS),
    Mutant("packs go while somebody reads", "docbatch/spool/readers.py", "            yield False\n", "            yield True\n", PACKS),
    Mutant("an altered record of a pack is believed", "docbatch/state/results.py", "reach if checksum(name, reach, retired) == sealed else None", "reach", f"{STATE} {PACKS}"),
    Mutant("what only an output names is let go", "docbatch/state/results.py", "SELECT result FROM delivery WHERE result IS NOT NULL", "SELECT NULL WHERE 0", f"{STATE} {PACKS}"),
    Mutant("nothing is reserved with the intent", "docbatch/state/submissions.py", "if frozen.reserved is not None:", "if False:", LIMITS),
    Mutant("what was refused counts", "docbatch/state/charges.py", "'void', 'unsent', 'refused'", "'void', 'unsent'", LIMITS),
    Mutant("what was found absent counts", "docbatch/state/charges.py", "'void', 'unsent', 'refused'", "'refused'", LIMITS),
    Mutant("a clock set back opens an earlier month", "docbatch/core/limits.py", "max(told, date.fromisoformat(last))", "told", f"tests/core/test_limits.py {LIMITS}"),
    Mutant("a limit is passed by one", "docbatch/core/limits.py", "spent + (counted or 0) > limit.most", "spent > limit.most", f"tests/core/test_limits.py {LIMITS}"),
    Mutant("what was spent before is not read", SPENDING, "if limit.per is not Period.RUN:", "if False:", LIMITS),
    Mutant("what is too large is passed over", SPENDING, "if self.is_stopped(job, connection):", "if False:", LIMITS),
    Mutant("assumed pages are not kept", SPENDING, "return Cost(pages=pages)", "return Cost()", LIMITS),
    Mutant("what was lost before an upgrade is forgotten", "docbatch/state/upgrade.py", "new if counted else None", "None", f"{STATE}/test_upgrade.py"),
    Mutant("text that was no digest is taken for one", "docbatch/state/digests.py", "_DIGITS.issuperset(text) else", "_DIGITS.issuperset(text.lower()) else", f"{STATE}/test_digests.py"),
    Mutant("a damaged result of before is moved", "docbatch/spool/moving.py", "    if not is_of(payload, digest):\n        return None\n", "", PACKS),
    Mutant("results of before go before it is recorded where they lie", "docbatch/spool/moving.py", "    spool.record(placed)\n    if placed:\n        publish()\n    return sum(map(spool.remove_old, done))\n", "    moved = sum(map(spool.remove_old, done))\n    spool.record(placed)\n    return moved\n", PACKS),
    Mutant("a rewritten pack goes before the index names the new one", "docbatch/spool/compaction.py", "            self._placed += placed\n", '            (self._spool.packs / f"{name}.pack").unlink(missing_ok=True)\n            self._placed += placed\n', PACKS),
    Mutant("a pack that cannot be read is let go", "docbatch/spool/compaction.py", "        if not unread:\n", "        if True:\n", PACKS),
    Mutant("the rest of another file is cut off", "docbatch/spool/leftovers.py", "    if not may_follow(path, end):\n        return\n", "", PACKS),
    Mutant("a pack that cannot be put in order stops the run", "docbatch/spool/leftovers.py", "            with contextlib.suppress(OSError, ValueError):\n", "            if True:\n", PACKS),
    Mutant("whatever lies in the place of a pack passes for it", "docbatch/spool/pack.py", "stat.S_ISREG(file_of(folder, name).lstat().st_mode)", "file_of(folder, name).exists()", "tests/cli/test_spoilt_packs.py"),
    Mutant("results look lost where there is no place for packs", "docbatch/spool/spool.py", "if self.packs.exists() and not self.packs.is_dir():", "if False:", "tests/cli/test_spoilt_spools.py"),
    Mutant("the index is not told where results lie", "docbatch/state/submissions.py", "self._results.put((each.result, each.place) for each in collected if each.place is not None)", "pass", f"{ENGINE} tests/engine/test_bring_back_results.py"),
    Mutant("a result that is in part counts as whole", RUNNING + "fetch_results.py", "each.partial or made.partial", "each.partial", ENGINE),
    Mutant("a spoilt result is given up at once", RUNNING + "fetch_results.py", "self.flaws[each.key] += 1", "self.flaws[each.key] += PATIENCE", f"{FOLLOWING} {ENGINE}"),
    Mutant("a failed fetch is remembered", RUNNING + "rounds/results_ahead.py", "_outcome(self._begun.pop(each.key).call)", "_outcome(self._begun[each.key].call)", f"{ENGINE} {FOLLOWING}"),
    Mutant("a presigned link is kept in a failure", RUNNING + "fetch_results.py", "shape_complaint(without_signatures(found), error)", "shape_complaint(found, error)", ENGINE),
    Mutant("what failed is tried once more in every poll", "docbatch/state/submissions.py", '                if key in live:\n                    self._entries.end(identity, live[key], "failed"', '                if False:\n                    self._entries.end(identity, live[key], "failed"', FOLLOWING),
    Mutant("documents of work that is lost stay with the vendor", "docbatch/state/submissions.py", "self._advance(identity, Event.LOST, {})", "pass", FOLLOWING),
    Mutant("results are not made due for delivery", "docbatch/state/submissions.py", "self._deliveries.make_due(live[each.key].row for each in collected)", "pass", ENGINE),
    Mutant("what memory holds of other submissions is dropped", RUNNING + "run_context.py", "if each in submissions}", "if not submissions}", ENGINE),
    Mutant("what could not be removed is tried again and again in one run", RUNNING + "loop.py", " if not is_left(run, each)}", "}", FOLLOWING),
    Mutant("a deadline is overslept", RUNNING + "loop.py", "until = min(_until(first), self.deadline, self._given_up_at())", "until = _until(first)", f"{STUCK} {COMMANDS}"),
    Mutant("a vendor without good answers is asked for ever", CONNECTIONS + "provider_connections.py", "return self.failing_since + self.access.unreachable_after", 'return float("inf")', HINDRANCES),
    Mutant("a good answer does not end what it was waited for", CONNECTIONS + "provider_connections.py", "self.hindrances.answered(call, about, self._now())", "pass", HINDRANCES),
    Mutant("the same is told again and again", CONNECTIONS + "hindrances.py", "                each.is_told = True\n", "                each.is_told = False\n", HINDRANCES),
    Mutant("a hindrance is not kept for the next command", RUNNING + "take_consequences.py", "run.store.hindrances.conclude(list(run.connections), current)", "pass", HINDRANCES),
    Mutant("an outage ends documents", CONNECTIONS + "failing_uploads.py", "proven = self._good > each.mark", "proven = True", UPLOADS),
    Mutant("a bad upload holds the others", RUNNING + "send_queues.py", "(at := uploads.aside(item.key)) is not None", "(at := uploads.aside(item.key)) is not None and at < 0", UPLOADS),
    Mutant("nobody asks whether uploads go well at all", RUNNING + "prepare_submission.py", "self._call_a_witness()", "pass", UPLOADS),
    Mutant("stuck work is waited for", RUNNING + "loop.py", "return bool(later) and not later <=", "return bool(later) or not later <=", STUCK),
    Mutant("a stuck submission is not reported", RUNNING + "apply.py", "if run.targets.keys() & each.jobs\n", "if not run.targets\n", STUCK),
    Mutant("failures do not show in the exit code", RUNNING + "apply.py", "if job.accepted.counted(job.standing):", "if False:", f"{COMMANDS} tests/cli/test_bad_sources.py"),
    Mutant("a failure accepted for other bytes counts as accepted", "docbatch/state/unwell_documents.py", " AND acceptance.item IS document.item AND acceptance.class", " AND acceptance.class", "tests/cli/test_failures.py"),
    Mutant("a waiver never ends", "docbatch/state/unwell_documents.py", "elif until > now:", "elif True:", "tests/cli/test_failures.py"),
    Mutant("open work does not show in the exit code", RUNNING + "apply.py", "for status in UNDONE)", "for status in ())", f"{COMMANDS} {STUCK}"),
    Mutant("a run of some documents sends all that waits", "docbatch/state/waiting_documents.py", "(*parameters, under)) if under else", "(*parameters, under)) if not parameters else", "tests/engine/test_selected_runs.py"),
    Mutant("a run of some documents forgets what it began", "docbatch/engine/planning/narrowing/narrow_plan.py", "each.path in on_its_way or ", "", "tests/engine/test_selected_runs.py"),
    Mutant("a run of some documents leaves none of the others out", "docbatch/engine/planning/narrowing/narrow_plan.py", "if each.path not in chosen and not _is_under_way(each)", "if False", "tests/engine/test_selected_runs.py"),
    Mutant("trouble of a connection does not show in the exit code", RUNNING + "apply.py", "(*run.errors, *run.connections.troubles.values(), *_stops(run))", "(*run.errors,)", "tests/cli"),
    Mutant("a document overtakes a more urgent one", TURNS, "item.priority <= limit", "True", SCHEDULE),
    Mutant("no turns are taken", TURNS, "self.items[self.start].priority, self.turn, self.recipe", "self.items[self.start].priority, self.recipe, self.recipe", f"{SCHEDULE} {ENGINE}"),
    Mutant("a document that keeps changing is sent for ever", RUNNING + "replan_changed_document.py", "reason if times > MOST_REPLANS else None", "None", ENGINE),
    Mutant("retry takes every failure", ASKED + "failures/select_failures.py", "(not selectors.classes or each.why.kind in selectors.classes)", "True", "tests/cli"),
]  # fmt: skip

DELIVERY = [
    Mutant("an output that could not be written counts as written", RUNNING + "deliveries/settled_faults.py", "    if staying:\n", "    if False:\n", f"{OUTPUTS} {DISKS}"),
    Mutant("a fault of an output is not reported", RUNNING + "figures/told_outputs.py", 'run.errors.append(SinkError(f"{target.name}: {escape(fault.path)}: {told}"))', "pass", f"{OUTPUTS} {DISKS}"),
    Mutant("a sink's trouble is not reported", RUNNING + "deliver_results.py", "run.errors.append(error)", "pass", f"{OUTPUTS} {DISKS}"),
    Mutant("a whole sink with something missing counts as written", RUNNING + "deliver_results.py", "-1 if faults else job.revision", "job.revision", f"{OUTPUTS} {DISKS}"),
    Mutant("whole sinks are not written while work is open", RUNNING + "deliver_results.py", "    for action in _due_outputs(run, whole=True):\n", "    for action in []:\n", STUCK),
    Mutant("what is due when time is up is left", RUNNING + "deliver_results.py", "while run.clock.monotonic() < until and (due", "while False and (due", ENGINE),
    Mutant("a hint is heeded while its connection is asked", RUNNING + "loop.py", "if hint.connection not in self.talks.names]", "]", HINTS),
    Mutant("an error of one conversation throws away the answers of others", RUNNING + "loop.py", "            rounds.end()\n        raise", "            pass\n        raise", "tests/engine/test_connections_apart.py"),
    Mutant("a whole sink is written for every window", SCHEDULER, "if each.whole and not each.quiet:", "if False:", SCHEDULE),
    Mutant("what was set aside in one run is set aside for ever", RUNNING + "loop.py", "run.store.deliveries.forgive()", "pass", f"{OUTPUTS} {DISKS}"),
    Mutant("receipts come before the renames are durable", "docbatch/sinks/document_files.py", "self._flush(tree.touched())\n        tree.release()", "tree.release()", SINKS),
    Mutant("names come before their content is durable", "docbatch/sinks/document_files.py", "self._flush_contents([", "len([", SINKS),
    Mutant("an output of somebody else is overwritten", "docbatch/sinks/outputs.py", "if found is not None and stamp_of(found) != expected:", "if False:", f"{SINKS} {OUTPUTS}"),
    Mutant("our own output of a killed run goes to the trash", "docbatch/sinks/outputs.py", "if same(unfinished, found.st_size):", "if False:", f"{SINKS} {OUTPUTS}"),
    Mutant("what goes to the trash is not noted", "docbatch/sinks/trash.py", "index.write(", "len(", SINKS),
    Mutant("a sink that is no longer declared is written to", "docbatch/state/deliveries.py", "WHERE delivery.due = 1 AND sink.wanted = 1 AND", "WHERE delivery.due = 1 AND", f"{OUTPUTS} tests/cli/test_bad_disks.py {STATE}"),
    Mutant("a whole sink is not told of new results", "docbatch/state/deliveries.py", "SET revision = revision + 1", "SET revision = revision", STUCK),
]  # fmt: skip

PLAN = [
    Mutant("an edited output is not noticed", PLANNING + "places/output_check.py", "return Reason.EDITED", "return None", OUTPUTS),
    Mutant("a picture that is gone is not noticed", PLANNING + "places/output_check.py", "beside = self._beside.of(written)", "beside: Sequence[CompanionRow] = ()", "tests/cli/test_pictures.py"),
    Mutant("a deleted output is not noticed", PLANNING + "places/output_check.py", "return Reason.MISSING if self._sink.rewrite_missing else None", "return None", OUTPUTS),
    Mutant("an output that someone consumes is written again", PLANNING + "places/output_check.py", "return Reason.MISSING if self._sink.rewrite_missing else None", "return Reason.MISSING", OUTPUTS),
    Mutant("an output behind its result is not noticed", PLANNING + "places/output_check.py", "yield position, Reason.BEHIND", "pass", f"{OUTPUTS} {DISKS}"),
    Mutant("a single output that was edited is not noticed", PLANNING + "places/single_output.py", "if now == recorded.stamp:", "if True:", f"{OUTPUTS} tests/cli/test_reuse.py"),
    Mutant("a changed document in the middle of a stretch is not noticed", PLANNING + "recorded_rows.py", "all(map(eq, map(_FOUND, documents), map(_FOUND, rows)))", "any(map(eq, map(_FOUND, documents), map(_FOUND, rows)))", f"{REUSE} {PLANS}"),
    Mutant("documents that failed pass as done", PLANNING + "recorded_rows.py", "and DONE.issuperset(map(_STATUS, rows))", "", f"{FOLLOWING} {PLANS}"),
    Mutant("setting split_pages leaves larger documents as they are", PLANNING + "items/document_keys.py", "split is not None and store is not None and store.parts.settled(target.name) != split.size", "False", PARTS),
    Mutant("every part of a document is sent again with one", "docbatch/state/items.py", "item.status in {ItemStatus.FAILED, ItemStatus.PARTIAL, ItemStatus.HELD}:\n                self", "True:\n                self", PARTS),
    Mutant("parts of a document that is read are sent", "docbatch/state/part_queries.py", "if of_parts:", "if False:", PARTS),
    Mutant("a changed config is not noticed", PLANNING + "recorded_rows.py", "and recipes.issuperset(map(RECIPE, rows))", "", f"{PLANS} {REUSE}"),
    Mutant("a known stretch passes whatever is recorded of it", PLANNING + "recorded_rows.py", "or not documents.holds(there.paths, there.digests, there.media_types)", "", UNCHANGED),
    Mutant("what is recorded beyond the last file is not noticed", PLANNING + "recorded_rows.py", "or not is_any_behind(self._store.database, self._job, self.passed)", "or True", UNCHANGED),
    Mutant("a state that was written agrees as before", "docbatch/sources/agreements.py", 'if rows and rows[0][0] == b"".join(self._basis) else', "if rows else", UNCHANGED),
    Mutant("a state with a log beside it agrees", "docbatch/sources/agreements.py", "return None if written_lately else", "return", UNCHANGED),
    Mutant("a known window passes whatever its files look like", "docbatch/sources/statcache.py", "or ahead.statuses != window.statuses", "", "tests/sources/test_statcache.py"),
    Mutant("a document that is gone stays wanted", PLANNING + "compare_documents.py", "ChangeKind.REMOVE, Reason.GONE, adopt=True)", "ChangeKind.STAND, Reason.GONE, adopt=False)", f"{PLANS} {REUSE}"),
    Mutant("what lies below an unreadable folder counts as gone", PLANNING + "compare_documents.py", "self._out_of_sight.may_hold(row[0])", "False", DISKS),
    Mutant("outputs are taken for sources", PLANNING + "compare_documents.py", "if row is None and self._is_output(path):", "if False:", OUTPUTS),
    Mutant("a moved output is not noticed", PLANNING + "compare_documents.py", "return wanted.output != place", "return False", "tests/cli/test_links.py"),
    Mutant("colliding outputs go through", PLANNING + "find_changes.py", "    refuse_collisions(named", "    dict(named=named", f"{REFUSALS} tests/cli/test_outputs.py"),
    Mutant("an empty source goes through", PLANNING + "find_changes.py", "refuse_empty(\n            target.name, found", "dict(\n            target=target.name, found", f"{REFUSALS} tests/cli/test_bad_sources.py"),
    Mutant("an output is the folder of another", PLANNING + "places/judge_places.py", "    refuse_nested(", "    len(", "tests/cli/test_places.py"),
    Mutant("files of others are replaced unasked", PLANNING + "places/judge_places.py", "seen.number, allowed, is_first", "seen.number, {'overwritten'}, is_first", "tests/cli/test_places.py"),
    Mutant("folders of others are written to unasked", PLANNING + "places/judge_folders.py", "            refuse_shared(", "            (", "tests/cli/test_places.py"),
    Mutant("an output that moved counts as that of a new sink", PLANNING + "places/former_outputs.py", "    if sink.root is None:", "    if True:", PLAN_TEXTS),
    Mutant("an output that someone consumed is not counted", PLANNING + "places/output_check.py", "self.ignored += 1", "pass", PLAN_TEXTS),
    Mutant("a file for the whole job in another place is not noticed", PLANNING + "places/single_output.py", "if sink.kind.whole and tally.unchanged:", "if False:", PLAN_TEXTS),
    Mutant("a file for the whole job that is behind is not noticed", PLANNING + "find_changes.py", "if sink.revision != recorded.revision", "if False", PLAN_TEXTS),
    Mutant("a refused plan names no documents", PLANNING + "saved/moved_documents.py", "if then.get(place) != now.get(place)", "if False", "tests/cli/test_plan_files.py"),
    Mutant("a stale plan is applied", PLANNING + "saved/plan_file.py", "if due != self.send:", "if False:", "tests/cli/test_plan_files.py"),
    Mutant("a plan of another state is applied", PLANNING + "saved/plan_file.py", "self.lineage not in {None, store.lineage} or", "", "tests/cli/test_plan_files.py"),
    Mutant("a plan is applied twice", PLANNING + "saved/plan_file.py", "(due or any(store.submissions.open()))", "True", "tests/cli/test_plan_files.py"),
    Mutant("a removed document is still delivered", PLANNING + "record_changes.py", "if change.kind in {ChangeKind.REMOVE, ChangeKind.SKIP}:", "if change.kind in {ChangeKind.SKIP}:", f"{PLANS} {REUSE}"),
    Mutant("what failed for a passing reason is not tried again", PLANNING + "record_changes.py", "if change.reason is Reason.AGAIN:", "if False:", f"{FOLLOWING} {ENGINE}"),
    Mutant("the same bytes are sent twice", CHANGES, "if known.has_result:", "if False:", "tests/core/test_changes.py"),
    Mutant("changed bytes pass", CHANGES, "if recorded.digest != found.digest:", "if False:", "tests/core/test_changes.py"),
    Mutant("a duplicate is counted twice", PLANNING + "differences_database.py", "SELECT DISTINCT key, size FROM change WHERE", "SELECT key, size FROM change WHERE", COMMANDS),
]  # fmt: skip

FAILING = [
    Mutant("documents are tried again without an end", "docbatch/core/retry_policy.py", "return attempt < self.times", "return True", TRYING),
    Mutant("documents are tried again before their time", ROUNDS + "try_again.py", "if at <= now", "if True", TRYING),
    Mutant("what is tried again is decided anew by each run", ROUNDS + "try_again.py", "run.store.later_tries.note(new)", "pass", TRYING),
    Mutant("what failed otherwise is tried again as well", "docbatch/state/later_tries.py", """AND {marked('item.failure_class', list(kinds))}", (job, ItemStatus.FAILED, *kinds)""", """", (job, ItemStatus.FAILED)""", TRYING),
    Mutant("what another job waits for is stopped", ROUNDS + "stop_work.py", "if all(_is_over(run, job, stuck)", "if any(_is_over(run, job, stuck)", STOPPING),
    Mutant("work that is wanted is stopped", "docbatch/state/unwanted_work.py", "document.wanted = 1 OR", "0 OR", STOPPING),
    Mutant("what is stopped is asked to stop again and again", ROUNDS + "stop_work.py", "stops is not Stops.BEGUN and run.store.unwanted_work.is_asked(identity):", "False:", STOPPING),
    Mutant("a reason that is named is passed over", ROUNDS + "bisection.py", "or not error.unexplained:", "or False:", REFUSED),
    Mutant("halves are made without an end", ROUNDS + "bisection.py", "or self.refusals > MOST_REFUSALS:", "or False:", REFUSED),
    Mutant("a run that was asked to end goes on", RUNNING + "loop.py", "return self.run.stop.is_asked or self.run.clock.monotonic() >= self.deadline", "return self.run.clock.monotonic() >= self.deadline", ENDING),
    Mutant("a file for a whole job is cut short by Ctrl-C", RUNNING + "deliver_results.py", 'raise Interrupted("the run is to end")', "return", ENDING),
]  # fmt: skip

MUTANTS = [*MONEY, *LOSS, *DELIVERY, *PLAN, *FAILING]
