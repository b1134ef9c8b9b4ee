"""The matrix again, with results read in another process: what dies and when makes no difference then."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.testing.eager import SWITCH, WITNESS
from docbatch.testing.matrix import Matrix, Vendor, every
from tests.providers.extend import test_matrix as extend
from tests.providers.extractpage import test_matrix as extractpage
from tests.providers.llamacloud import test_matrix as llamacloud

RESEND = "{grace: 0.4, then: resend}"
VENDORS: dict[str, Callable[[], Vendor[Any]]] = {
    "extend": extend.vendor,
    "llamacloud": llamacloud.vendor,
    "extractpage": extractpage.vendor,
}

ONE = [pytest.param(each, marks=[pytest.mark.full] if each != "extend" else []) for each in VENDORS]
"""Who reads a result is the engine's own affair: the short form asks at one vendor, the long one at all."""


def matrix(folder: Path, name: str, dies_after: int) -> Matrix[Any]:
    vendor = VENDORS[name]()
    environment = {**vendor.environment, SWITCH: str(dies_after)}
    return Matrix(replace(vendor, environment=environment), folder, RESEND)


@pytest.mark.parametrize("name", ONE)
def test_killed_late_each_document_is_paid_once_and_the_outputs_are_the_same(
    tmp_path: Path, name: str
) -> None:
    tried = matrix(tmp_path, name, dies_after=0)

    assert tried.kills(tried.requests[-2:-1], ["kill_after"]) == []
    assert tried.deaths(every(tried.effects, start=1, step=1)[-20:-10:9]) == []


@pytest.mark.parametrize("name", ONE)
def test_a_process_that_dies_costs_nothing(tmp_path: Path, name: str) -> None:
    tried = matrix(tmp_path, name, dies_after=2)

    assert tried.chaos([1]) == []
    assert list(tmp_path.rglob(WITNESS))


@pytest.mark.full
@pytest.mark.parametrize("dies_after", [0, 2])
@pytest.mark.parametrize("name", VENDORS)
def test_whatever_dies_each_document_is_paid_once(tmp_path: Path, name: str, dies_after: int) -> None:
    tried = matrix(tmp_path, name, dies_after)

    assert tried.kills(tried.requests) == []
    assert tried.deaths(every(tried.effects, start=1, step=1)) == []
    assert tried.chaos(range(30)) == []
