"""Characters of symbol fonts, which have codes of their own instead of Unicode's."""

_PRIVATE = 0xF000

# ruff: noqa: RUF001 - characters that look like others are what this module is about
_SYMBOL = {
    0x22: "∀", 0x24: "∃", 0x27: "∋", 0x2A: "∗", 0x2D: "−", 0x40: "≅",
    **dict(zip(range(0x41, 0x5B), "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", strict=True)),
    0x5C: "∴", 0x5E: "⊥",
    **dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)),
    **dict(zip(range(0xA1, 0xFF), (
        "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪"
        " 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
    ), strict=True)),
}  # fmt: skip
_WINGDINGS = {
    0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x36: "⌛", 0x3A: "💻", 0x3F: "✍", 0x41: "✌", 0x46: "☞", 0x4A: "☺",
    0x4C: "☹", 0x4E: "☠", 0x52: "☼", 0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑", 0x72: "❒",
    0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x78: "☒", 0x7B: "❀", 0x9E: "·", 0x9F: "•", 0xA0: "▪",
    0xA1: "○", 0xA4: "◉", 0xA7: "▪", 0xA8: "☐", 0xAA: "✦", 0xAB: "★", 0xB7: "🕐", 0xD5: "⌫", 0xD8: "➢", 0xDC: "➲",
    0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xFB: "✗",
    0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    **dict(zip(range(0x80, 0x95), "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾", strict=True)), 0x95: "❿",
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐"}
_FONTS = {"symbol": _SYMBOL, "wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2}


def character(font: str, code: int) -> str:
    """Return the character that a code of this font shows; itself where the font is not known."""
    if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    own = code - _PRIVATE if _PRIVATE <= code < _PRIVATE + 0x100 else code
    return _FONTS.get(font.lower(), {}).get(own, chr(code))


def is_symbolic(font: str) -> bool:
    return font.lower() in _FONTS


def translated(text: str, font: str) -> str:
    """Return text of a symbol font as what it shows. Only its private codes are meant for it beyond doubt."""
    return "".join(character(font, ord(each)) if _is_private(each) else each for each in text)


def has_private(text: str) -> bool:
    return any(_is_private(each) for each in text)


def _is_private(each: str) -> bool:
    return "\uf000" <= each <= "\uf0ff"
