"""The tests that a provider inherits: its contract, promise by promise, and the crash matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from docbatch.testing.attempt import Vendor
from docbatch.testing.crash import MODES, Mode, some
from docbatch.testing.matrix import Fault, Matrix, every
from docbatch.testing.promises import PROMISES, NotPromised, Promise, judge

RESEND = "{grace: 0.4, then: resend}"
HOLD = "{grace: 0.4, then: hold}"
RECOVERIES = (RESEND, HOLD)
LONG_SEEDS = range(100)


def require(sentence: str, faults: Sequence[Fault]) -> None:
    """Fail with the promise and what broke it."""
    if faults:
        pytest.fail("\n".join((sentence, *(f"  - {fault}" for fault in faults))), pytrace=False)


class ProviderContract:
    """Inherit as `TestContract` and set `vendor`: each promise of the contract becomes a test."""

    vendor: ClassVar[Vendor[Any]]

    @pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
    def test_promise(self, promise: Promise, tmp_path: Path) -> None:
        try:
            faults = judge(self.vendor, promise, tmp_path)
        except NotPromised as reason:
            pytest.skip(str(reason))
        except Exception as error:
            raise AssertionError(f"{promise.sentence}\n  - {type(error).__name__}: {error}") from error
        require(promise.sentence, faults)


class CrashMatrix:
    """Inherit as `TestCrashes` and set `vendor`: the real command is killed, answered badly, and run again.

    A vendor that cannot be searched says `is_searchable = False`. The long form runs with `--docbatch-long`.
    """

    vendor: ClassVar[Vendor[Any]]
    is_searchable: ClassVar[bool] = True

    def test_undisturbed_each_document_is_paid_once_and_delivered(self, docbatch_matrix: Matrix[Any]) -> None:
        require("Undisturbed, each document is paid once and delivered.", docbatch_matrix.calm())

    @pytest.mark.parametrize("mode", MODES)
    def test_killed_at_the_create(self, docbatch_matrix: Matrix[Any], mode: Mode) -> None:
        require(
            "Killed at the request that costs money, each document is paid once and delivered.",
            docbatch_matrix.kills([docbatch_matrix.create], [mode]),
        )

    @pytest.mark.parametrize("fault", ["lost", "malformed"])
    def test_without_an_answer_to_the_create(self, docbatch_matrix: Matrix[Any], fault: str) -> None:
        require(
            "A create whose answer is lost is not sent again: each document is paid once and delivered.",
            docbatch_matrix.spoilt([fault]),
        )

    def test_killed_at_some_requests(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "Killed at any request, each document is paid once and delivered.",
            docbatch_matrix.kills(some(len(docbatch_matrix.requests), 4, seed=5)[1:-1], ["kill_after"]),
        )

    def test_killed_at_some_writes(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "Killed at any write, each document is paid once and delivered.",
            docbatch_matrix.deaths(some(len(docbatch_matrix.effects), 5, seed=5)[1:-1]),
        )

    def test_shown_late(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "Lists that show the work late do not make it absent: it is looked for over the whole grace.",
            _found(docbatch_matrix.late("kill_after")),
        )

    @pytest.mark.parametrize("mode", MODES)
    def test_never_shown(self, docbatch_holding_matrix: Matrix[Any], mode: Mode) -> None:
        require(
            "Work that lists do not show is held for a person, and complete once that person has decided.",
            _found(docbatch_holding_matrix.unseen(mode)),
        )

    def test_with_other_credentials(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "With the credentials of another account nothing is taken for absent, and nothing sent again.",
            _found(docbatch_matrix.estranged("kill_after")),
        )

    def test_with_an_older_state(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "With a state of before the work nothing is sent until `docbatch recover` has read it back.",
            _found(docbatch_matrix.restored()),
        )

    def test_chaos(self, docbatch_matrix: Matrix[Any]) -> None:
        require("Many bad answers at once change nothing.", docbatch_matrix.chaos((1, 2)))

    def test_a_create_that_is_never_answered_to_its_end(self, docbatch_matrix: Matrix[Any]) -> None:
        require(
            "A run ends within its time though a create is not answered, and the next looks for it before it sends.",
            docbatch_matrix.unending([docbatch_matrix.create], ["silent", "drip_before"]),
        )

    @pytest.mark.docbatch_long
    def test_no_request_is_answered_to_its_end(self, tmp_path: Path) -> None:
        matrix = self._matrix(tmp_path, RESEND)
        require(
            "A run ends within its time whatever request is not answered, and the next does the rest.",
            matrix.unending(matrix.requests),
        )

    @pytest.mark.docbatch_long
    @pytest.mark.parametrize("recovery", RECOVERIES)
    def test_killed_at_every_request(self, tmp_path: Path, recovery: str) -> None:
        matrix = self._matrix(tmp_path, recovery)
        require(
            "Killed at any request, each document is paid once and delivered.", matrix.kills(matrix.requests)
        )

    @pytest.mark.docbatch_long
    def test_killed_at_every_write(self, tmp_path: Path) -> None:
        matrix = self._matrix(tmp_path, RESEND)
        points = every(matrix.effects, start=1, step=1)
        require("Killed at any write, each document is paid once and delivered.", matrix.deaths(points))

    @pytest.mark.docbatch_long
    @pytest.mark.parametrize("recovery", RECOVERIES)
    def test_long_chaos(self, tmp_path: Path, recovery: str) -> None:
        require(
            "Many bad answers at once change nothing.", self._matrix(tmp_path, recovery).chaos(LONG_SEEDS)
        )

    @pytest.mark.docbatch_long
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("recovery", RECOVERIES)
    def test_other_credentials_and_older_states(self, tmp_path: Path, recovery: str, mode: Mode) -> None:
        matrix = self._matrix(tmp_path, recovery)
        found = [matrix.estranged(mode), *(matrix.restored(mode, whole=whole) for whole in (False, True))]
        require(
            "With other credentials or an older state nothing is paid twice.",
            [fault for fault in found if fault is not None],
        )

    def _matrix(self, folder: Path, recovery: str) -> Matrix[Any]:
        return Matrix(self.vendor, folder, recovery, is_searchable=self.is_searchable)


def _found(fault: Fault | None) -> list[Fault]:
    return [] if fault is None else [fault]
