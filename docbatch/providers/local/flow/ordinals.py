"""Numbers as lists show them: 3, 03, c, C, iii, III."""

from collections.abc import Callable, Mapping

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 4999
_MOST_LETTERS = 20


def shown(number: int, kind: str) -> str:
    """Return a number in a format of Word; in digits where the format is not known, or has no such number."""
    return _FORMATS.get(kind, str)(number)


def letters(number: int) -> str:
    """Return a to z, then aa, bb and so on."""
    times, place = divmod(number - 1, 26)
    if number < 1 or times >= _MOST_LETTERS:
        return str(number)
    return chr(ord("a") + place) * (times + 1)


def roman(number: int) -> str:
    if not 0 < number <= _LARGEST_ROMAN:
        return str(number)
    text = ""
    for value, sign in _ROMAN:
        times, number = divmod(number, value)
        text += sign * times
    return text


def _ending(number: int) -> str:
    if number % 100 in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


_FORMATS: Mapping[str, Callable[[int], str]] = {
    "none": lambda _: "",
    "bullet": lambda _: "",
    "lowerLetter": letters,
    "upperLetter": lambda number: letters(number).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda number: roman(number).upper(),
    "decimalZero": lambda number: f"{number:02d}",
    "ordinal": lambda number: f"{number}{_ending(number)}",
}
