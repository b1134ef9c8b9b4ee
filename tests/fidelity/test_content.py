"""The local engine reads made documents with known truth at least as well as the floors say. Raise them with the engine."""

import re
from collections import Counter

import pytest
from fidelity import bars, floors
from fidelity.made.every import samples
from fidelity.report import Scored, means, worst
from fidelity.score import score, words
from fidelity.truth import Reading, Sample


@pytest.fixture(scope="module")
def made() -> list[Sample]:
    return list(samples())


@pytest.fixture(scope="module")
def measured() -> dict[str, list[Scored]]:
    return floors.measured()


@pytest.mark.parametrize("group", sorted(bars.FLOORS))
def test_content_arrives(measured: dict[str, list[Scored]], group: str) -> None:
    found = means(measured[group])
    below = {
        name: found.get(name) for name, floor in bars.FLOORS[group].items() if found.get(name, 0) < floor
    }

    assert not below, worst(measured[group], most=5)


def test_every_format_has_its_floors(measured: dict[str, list[Scored]]) -> None:
    assert set(measured) == set(bars.FLOORS)


def test_documents_are_many_and_the_same_each_time(made: list[Sample]) -> None:
    assert len({each.name for each in made}) == len(made) >= 100
    assert made == list(samples())


def test_truths_agree_with_themselves(made: list[Sample]) -> None:
    """A text that is the truth has full marks, and what stands in headings and tables stands in the text."""
    for sample in made:
        text = f"{sample.truth.text}\n{sample.truth.aside}"
        figures = score(sample.truth, Reading(re.sub(r"([\\|*_<`&])", r"\\\1", text)))[0]
        inner = [
            *sample.truth.headings,
            *(cell for grid in sample.truth.tables for row in grid for cell in row),
        ]
        assert {figures.recall, figures.digits, figures.unicode, figures.order} <= {None, 1.0}, sample.name
        assert not Counter(words(" ".join(inner))) - Counter(words(text)), sample.name
