from collections import Counter

from docbatch.core.output_differences import Differing


def test_numbers_are_told_by_their_names() -> None:
    assert not Differing(looked=3).is_any
    found = Differing(looked=3, notes=["some"], counts=Counter({"moved": 1}))

    assert found.is_any
    assert found.values() == {
        "looked": 3, "documents": 0, "altered": 0, "removed": 0, "added": 0, "moved": 1, "touched": 0, "unknown": 0,
        "notes": ["some"],
    }  # fmt: skip
