from types import SimpleNamespace
from typing import cast

from docbatch.core.results import Answer, Picture, offered_pictures, offered_warnings


def test_an_answer_need_not_offer_anything() -> None:
    bare = cast("Answer", SimpleNamespace())

    assert (list(offered_pictures(bare)), list(offered_warnings(bare))) == ([], [])


def test_what_an_answer_offers_is_taken() -> None:
    shown = Picture(1, 0, "image/png", b"x")
    full = cast("Answer", SimpleNamespace(pictures=[shown], warnings=["w"]))

    assert (list(offered_pictures(full)), list(offered_warnings(full))) == ([shown], ["w"])
