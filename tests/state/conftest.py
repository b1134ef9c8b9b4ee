from collections.abc import Iterator

import pytest

from tests.first_state import built_anew


@pytest.fixture(autouse=True)
def _own_state() -> Iterator[None]:
    """What is judged here is how a state comes about, too."""
    with built_anew():
        yield
