"""Values of cells as a format code shows them."""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from docbatch.providers.local.office.sheets import date_format
from docbatch.providers.local.office.sheets.format_code import CodeToken, FormatSection, sections

GENERAL = "General"
# Spreadsheets keep 15 digits of a number, and round halves away from zero in them.
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_ENOUGH = Context(prec=400, rounding=ROUND_HALF_UP)
_PLAIN = range(-10, 21)
_MOST_DECIMALS = 30


def general(value: float) -> str:
    """Return a number without a format, with the digits a spreadsheet keeps."""
    if not math.isfinite(value):
        return str(value)
    number = _decimal(value)
    exponent = number.adjusted()
    if number == 0:
        return "0"
    if exponent in _PLAIN:
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits = f"{number.scaleb(-exponent, _ENOUGH).normalize():f}"
    return f"{digits}E{exponent:+03}"


@lru_cache(maxsize=1 << 14)
def number(value: float, code: str, *, is_1904: bool = False) -> str:
    """Return a number as the code shows it; one that the code cannot show, as it is."""
    if code == GENERAL or not math.isfinite(value):
        return general(value)
    parts = sections(code)
    section, signed = _section_for(value, parts)
    if section.is_date:
        date = date_format.shown(value, section, is_1904=is_1904)
        return general(value) if date is None else date
    shown = _numeric(value if signed else abs(value), section)
    # A code that hides a figure hides it from the eye, not from who looks into the cell.
    return shown if shown or value == 0 else general(value)


def text(value: str, code: str) -> str:
    """Return a text as the code shows it."""
    if code == GENERAL or ("@" not in code):
        return value
    parts = sections(code)
    section = parts[3] if len(parts) == 4 else parts[-1]
    if not any(token.kind == "text" for token in section.tokens):
        return value
    return "".join(
        value if token.kind == "text" else token.text
        for token in section.tokens
        if token.kind in {"text", "literal"}
    )


def is_date(code: str) -> bool:
    return code != GENERAL and sections(code)[0].is_date


def _section_for(value: float, parts: Sequence[FormatSection]) -> tuple[FormatSection, bool]:
    """Return the section that shows a number, and whether its sign is to be written."""
    numeric = [part for part in parts[:3] if not any(token.kind == "text" for token in part.tokens)] or [
        parts[0]
    ]
    if any(part.condition for part in numeric):
        chosen = next((part for part in numeric if part.holds(value)), None)
        if chosen is None:
            free = [part for part in numeric if part.condition is None]
            chosen = free[-1] if free else numeric[-1]
            if len(free) == 2 and value >= 0:
                chosen = free[0]
        return chosen, not chosen.is_for_negatives
    if len(numeric) == 1:
        return numeric[0], True
    if value < 0:
        return numeric[1], False
    return numeric[2] if value == 0 and len(numeric) == 3 else numeric[0], True


def _decimal(value: float) -> Decimal:
    return _FIFTEEN.create_decimal(repr(float(value)))


def _numeric(value: float, section: FormatSection) -> str:
    tokens = section.tokens
    if any(token.kind == "general" for token in tokens):
        return "".join(general(value) if token.kind == "general" else token.text for token in tokens).strip()
    places = [at for at, token in enumerate(tokens) if token.kind == "digit"]
    if not places:
        shown = "".join(token.text if token.kind != "text" else general(value) for token in tokens).strip()
        return f"-{shown}" if value < 0 and shown else shown
    percents = sum(token.kind == "percent" for token in tokens)
    exact = _decimal(value).scaleb(2 * percents, _ENOUGH)
    if any(token.kind == "exponent" for token in tokens):
        shown = _scientific(exact, tokens)
    elif _is_fraction(tokens):
        shown = _fraction(exact, tokens)
    else:
        shown = _fixed(exact, tokens)
    return shown.strip()


def _fixed(value: Decimal, tokens: Sequence[CodeToken]) -> str:
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    last = max((at for at, token in enumerate(tokens[:point]) if token.kind == "digit"), default=point)
    end = max(at for at, token in enumerate(tokens) if token.kind == "digit")
    scale = _commas(tokens[last + 1 : point]) + (_commas(tokens[end + 1 :]) if end > point else 0)
    after = [token.text for token in tokens[point:] if token.kind == "digit"][:_MOST_DECIMALS]
    rounded = abs(value.scaleb(-3 * scale, _ENOUGH)).quantize(Decimal(1).scaleb(-len(after)), context=_ENOUGH)
    whole, _, decimals = f"{rounded:f}".partition(".")
    grouped = any(token.kind == "comma" for token in tokens[:last])
    sign = "-" if value < 0 and rounded != 0 else ""
    return sign + _laid(whole, tokens[:point], grouped=grouped) + _decimals(decimals, tokens[point:])


def _commas(tokens: Sequence[CodeToken]) -> int:
    """Return how many commas these begin with; behind the places of a number each stands for a thousand."""
    return next((at for at, token in enumerate(tokens) if token.kind != "comma"), len(tokens))


def _laid(whole: str, tokens: Sequence[CodeToken], *, grouped: bool) -> str:
    """Return digits laid over their places from the right, what stands between them kept."""
    digits = list("" if whole == "0" else whole)
    shown: list[str] = []
    count = 0
    first = next((at for at, token in enumerate(tokens) if token.kind == "digit"), -1)
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind == "digit":
            take = len(digits) if at == first else 1
            for _ in range(max(take, 1)):
                place = digits.pop() if digits else {"0": "0", "?": " ", "#": ""}[token.text]
                if place.isdigit() and grouped and count and count % 3 == 0:
                    shown.append(",")
                shown.append(place)
                count += 1
        elif token.kind != "comma":
            shown.append(token.text)
    return "".join(reversed(shown))


def _decimals(decimals: str, tokens: Sequence[CodeToken]) -> str:
    shown: list[str] = []
    places = sum(token.kind == "digit" for token in tokens)
    needed = len(decimals.rstrip("0"))
    at = 0
    for token in tokens:
        if token.kind == "digit":
            if at < len(decimals):
                is_shown = token.text == "0" or at < needed
                shown.append(decimals[at] if is_shown else {"?": " ", "#": ""}[token.text])
            at += 1
        elif token.kind == "point":
            shown.append("." if places else "")
        elif token.kind != "comma":
            shown.append(token.text)
    return "".join(shown)


def _scientific(value: Decimal, tokens: Sequence[CodeToken]) -> str:
    at = next(at for at, token in enumerate(tokens) if token.kind == "exponent")
    mantissa = tokens[:at]
    point = next((place for place, token in enumerate(mantissa) if token.kind == "point"), at)
    step = max(sum(token.kind == "digit" for token in mantissa[:point]), 1)
    after = sum(token.kind == "digit" for token in mantissa[point:])
    exponent = (value.adjusted() // step) * step if value else 0
    unit = Decimal(1).scaleb(-after)
    scaled = value.scaleb(-exponent, _ENOUGH).quantize(unit, context=_ENOUGH)
    if abs(scaled) >= Decimal(10) ** step:
        exponent += step
        scaled = value.scaleb(-exponent, _ENOUGH).quantize(unit, context=_ENOUGH)
    sign = "-" if exponent < 0 else tokens[at].text[1].replace("-", "")
    places = sum(token.kind == "digit" for token in tokens[at:])
    rest = "".join(token.text for token in tokens[at + 1 :] if token.kind in {"literal", "percent"})
    return f"{_fixed(scaled, mantissa)}E{sign}{abs(exponent):0{max(places, 1)}}{rest}"


def _is_fraction(tokens: Sequence[CodeToken]) -> bool:
    at = next((at for at, token in enumerate(tokens) if token.kind == "slash"), 0)
    return bool(at) and tokens[at - 1].kind == "digit" and at + 1 < len(tokens)


def _fraction(value: Decimal, tokens: Sequence[CodeToken]) -> str:
    at = next(at for at, token in enumerate(tokens) if token.kind == "slash")
    start = at
    while start and tokens[start - 1].kind == "digit":
        start -= 1
    before, behind = tokens[:start], tokens[at + 1 :]
    exact = Fraction(abs(value))
    has_whole = any(token.kind == "digit" for token in before)
    whole, rest = divmod(exact, 1) if has_whole else (0, exact)
    top, bottom = _nearest(rest, behind)
    if has_whole and top == bottom:
        whole, top = whole + 1, 0
    front = _laid(str(whole) if whole or not top else "0", before, grouped=False).strip() if has_whole else ""
    if has_whole and not front and not top:
        front = "0"
    part = f"{top}/{bottom}" if top or not has_whole else ""
    sign = "-" if value < 0 and (whole or top) else ""
    return sign + " ".join(each for each in (front, part) if each)


def _nearest(rest: Fraction, behind: Sequence[CodeToken]) -> tuple[int, int]:
    fixed = "".join(token.text for token in behind if token.kind in {"literal", "digit"}).strip()
    if fixed.isdigit() and int(fixed[:6]):
        bottom = int(fixed[:6])
        return int(rest * bottom + Fraction(1, 2)), bottom
    places = min(max(sum(token.kind == "digit" for token in behind), 1), 5)
    near = rest.limit_denominator(10**places - 1)
    return near.numerator, near.denominator
