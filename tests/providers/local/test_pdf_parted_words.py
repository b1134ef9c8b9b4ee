"""Words set a little wide: no space where nobody wrote one, and all of those that were written."""

from tests.providers.local import pdf_pages
from tests.providers.local.pdf_pages import Line, lines, page_of, said

_LETTER = 6
_BETWEEN = 1.5
_BEFORE_THE_LAST = 0.5


def _wide(text: str, y: float, *, before_the_last: float = _BEFORE_THE_LAST) -> list[Line]:
    """Return the letters of a line; the gap before the last of each word is what PDFium takes for a space."""
    placed, x = [], 72.0
    for word in text.split():
        for at, letter in enumerate(word):
            x += before_the_last if 0 < at == len(word) - 1 else 0
            placed.append(Line(x, y, letter))
            x += _LETTER + _BETWEEN
        x += _LETTER + _BETWEEN
    return placed


def test_words_are_whole_whose_last_letters_stand_a_little_apart() -> None:
    address = ("North Buona Vista Drive 12", "The Metropolis Tower")
    page = page_of(pdf_pages.pdf([*_wide(address[0], 700), *_wide(address[1], 600)]))

    assert said(page) == [" ".join(address)] * 3


def test_letters_that_stand_a_space_apart_stay_apart() -> None:
    page = page_of(pdf_pages.pdf([*_wide("Nort Buon Vist Driv Metro", 700, before_the_last=5)]))

    assert said(page) == ["Nor t Buo n Vis t Dri v Metr o"] * 3


def test_single_letters_with_spaces_between_stay_single() -> None:
    written = "a b c d e f g and x y z of w"

    assert said(page_of(pdf_pages.pdf(lines(written)))) == [written] * 3


def test_a_word_that_is_also_written_in_two_stays_in_two() -> None:
    page = page_of(
        pdf_pages.pdf(
            [*_wide("Room A Vist Buona Room", 700), *_wide("Roo m Buon a Vist", 600, before_the_last=0)]
        )
    )

    assert said(page)[0].endswith("Roo m Buon a Vist")
