"""Which charset bytes are written in that say nothing of it and are not UTF-8.

xberg judges by the letters of languages and knows the charsets of the web; those of DOS and of old Macs are told from
what xberg's choice makes of the words: signs and capitals inside them.
"""

import asyncio
import codecs
import re
from functools import cache
from operator import itemgetter

_SAMPLE = 32_768
_WEB = (
    *("cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "euc_jp", "gb18030", "cp950", "cp949", "koi8-u", "koi8-r", "cp866"),
    *(
        "iso8859-2",
        "iso8859-4",
        "iso8859-5",
        "iso8859-6",
        "iso8859-7",
        "iso8859-8",
        "iso8859-13",
        "iso8859-15",
    ),
)
_WESTERN = "äöüßÄÖÜéèêëÉÈÊàáâãåÀÁÂÃÅçÇîïíìÎÍôóòõøÔÓÒÕØûúùÛÚÙñÑœŒæÆÿ"
_CENTRAL = "áäčďéěíľĺňóôöőřŕšťúůüűýžąćęłńśźżâăîşţÁÄČĎÉĚÍĽŇÓÖŐŘŠŤÚŮÜŰÝŽĄĆĘŁŃŚŹŻÂĂÎŞŢđĐßç"
_CYRILLIC = "".join(chr(code) for code in (*range(0x410, 0x450), 0x401, 0x451, *range(0x404, 0x408)))
_CYRILLIC += "єіїјґҐўЎ№"
_GREEK = "".join(chr(code) for code in range(0x386, 0x3CF))
_HEBREW = "".join(chr(code) for code in range(0x5D0, 0x5EB))
# The letters that texts in a charset have; the others in it are met by mistake.
_RIVALS = (
    ("cp850", _WESTERN),
    ("mac-roman", _WESTERN),
    ("cp852", _CENTRAL),
    ("mac-latin2", _CENTRAL),
    ("cp857", "çğışöüÇĞİŞÖÜâîû"),
    ("cp437", _WESTERN),
    ("cp866", _CYRILLIC),
    ("mac-cyrillic", _CYRILLIC),
    ("cp737", _GREEK),
    ("cp862", _HEBREW),
    ("cp720", "".join(chr(code) for code in range(0x621, 0x653))),
    ("iso8859-15", _WESTERN),
)
_LETTER = r"[^\W\d_]"
_APART = r"[\xad\xb7\u2018\u2019\u02bc\u0300-\u036f\u0590-\u05ff\u064b-\u0652\u0e00-\u0e7f\u200b-\u200f\u2010-\u2015]"
_OTHER = "\u0370-\u03ff\u0400-\u04ff\u0590-\u05ff\u0600-\u06ff"
_ODD = re.compile(
    "[\x80-\x84\x86-\x9f\ufffd\ufffe\uffff]"  # controls and holes
    rf"|(?<={_LETTER})(?!{_APART})[^\w\x00-\x7f](?={_LETTER})"  # a sign inside a word
    r"|(?<=[a-zß-öø-ÿ])[À-ÖØ-ÞŠŒŽŸŁĄĆĘŚŹŻ]|(?<=[\u0430-\u044f\u0451])[\u0401\u0410-\u042f]|(?<=[ά-ώ])[Ά-Ω]"  # a capital inside a word
    rf"|(?<=[A-Za-z])[{_OTHER}]|[{_OTHER}](?=[A-Za-z])"  # two scripts in a word
    r"|([À-ÿ])\1\1"  # a line drawn with letters
    rf"|¤|(?<={_LETTER})[¦¨\xb8¼½¾¹²³](?={_LETTER})"  # signs that DOS and Macs have letters for
    rf"|(?<={_LETTER})[†‡\u02c6\u02dc]|[†‡\u02c6\u02dc](?={_LETTER})"
)
_WIDE_LEAST = 4
_NEARLY_ALL = 0.9
_ZEROS = 0.02
_ONE_IN = 5
_FEW = 20
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NOT_UNICODE = re.compile("[\0-\x08\x0e-\x1a\x80-\x84\x86-\x9f\ufffe\uffff]")
_EASTERN = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]+")
_HUNGARIAN = frozenset("áéíóöúüõûÁÉÍÓÖÚÜÕÛ")


def unmarked_unicode(data: bytes) -> str | None:
    """Return the codec of UTF-16 or UTF-32 without a byte order mark, told by where its zero bytes are."""
    head = data[:_SAMPLE]
    if len(head) < _WIDE_LEAST or b"\0" not in head:
        return _eastern(head) if _CONTROL.search(head) else None
    first, second, third, fourth = (head[at::4].count(0) * 4 / len(head) for at in range(4))
    if fourth > _NEARLY_ALL < third or first > _NEARLY_ALL < second:
        name = "utf-32-le" if fourth > first else "utf-32-be"
    else:
        low, high = first + third, second + fourth
        name = "utf-16-le" if low < high else "utf-16-be"
        if min(low, high) > 0 or max(low, high) < (1 if _is_narrow(head) else _ZEROS):
            return None
    return name if _fits(head, name) else None


def _is_narrow(head: bytes) -> bool:
    """Whether all but the zero bytes is ASCII's text; in wide characters every second byte would be zero then."""
    return head.isascii() and not _CONTROL.search(head.replace(b"\0", b""))


def _eastern(head: bytes) -> str | None:
    """Return the codec of UTF-16 without a character below U+0100, which has no zero bytes."""
    for name in ("utf-16-le", "utf-16-be"):
        if _fits(head, name) and _EASTERN.fullmatch(head[: len(head) & ~1].decode(name, "ignore")):
            return name
    return None


def _fits(head: bytes, name: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    return not _NOT_UNICODE.search(text)


def escaped(data: bytes) -> str | None:
    """Return the codec of seven-bit text whose characters are written with escapes."""
    if not data.isascii():
        return None
    if b"\x1b$" in data or b"\x1b(J" in data:
        names = ("iso2022_jp", "iso2022_jp_ext", "iso2022_kr")
        return next((name for name in names if strictly(data, name) is not None), None)
    chinese = strictly(data, "hz") if b"~{" in data and b"~}" in data else None
    return "hz" if chinese is not None and not chinese.isascii() else None


def strictly(data: bytes, name: str) -> str | None:
    """Return the text of bytes that all fit a codec, None where one does not."""
    try:
        return data.decode(name)
    except (UnicodeDecodeError, ValueError):
        return None


def fits_badly(text: str) -> bool:
    """Whether a text whose charset was guessed has so many signs where none belong that the guess is hardly right."""
    letters = sum(not char.isascii() for char in text[:_SAMPLE])
    return _oddness(text[:_SAMPLE], "") * _ONE_IN > max(letters, _FEW)


def guess(data: bytes) -> str:
    """Return the codec that fits best."""
    sample = _sample(data)
    chosen = _chosen(sample)
    if chosen in _MANY_BYTES:
        return chosen
    text = sample.decode(chosen, "replace")
    if chosen == "cp1252" and _is_hungarian(text):
        return "cp1250"
    if chosen == "cp866" and _HEBREW_OF_DOS.search(sample) and not _RUSSIAN_OF_DOS.search(sample):
        return "cp862"
    oddness = _oddness(text, "")
    rival, less = min(
        ((name, _rivalry(sample, name, letters)) for name, letters in _RIVALS), key=itemgetter(1)
    )
    return rival if less * 2 < oddness else chosen


def _rivalry(sample: bytes, name: str, letters: str) -> int:
    return _oddness(sample.decode(name, "replace"), letters)


# Hebrew's letters in DOS are the capitals of Russian's, but for the last six.
_HEBREW_OF_DOS = re.compile(rb"(?:[\x80-\x9a][\x00-\x7f]*){12}")
_RUSSIAN_OF_DOS = re.compile(rb"[\x9b-\xff]")
_MANY_BYTES = frozenset({"cp932", "euc_jp", "gb18030", "cp950", "cp949"})


def _sample(data: bytes) -> bytes:
    """Return the first lines that are not ASCII."""
    if len(data) <= _SAMPLE:
        return data
    lines = re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data)
    sample = bytearray()
    for line in lines:
        sample += line[0]
        if len(sample) >= _SAMPLE:
            break
    return bytes(sample[:_SAMPLE])


def _oddness(text: str, letters: str) -> int:
    strange = (
        sum(char.isalpha() and not char.isascii() for char in text.translate(_without(letters)))
        if letters
        else 0
    )
    return strange + sum(1 for _ in _ODD.finditer(text))


@cache
def _without(letters: str) -> dict[int, None]:
    return dict.fromkeys(map(ord, letters))


def _is_hungarian(text: str) -> bool:
    letters = {char for char in text if char.isalpha() and not char.isascii()}
    return letters <= _HUNGARIAN and {"õ", "û"} <= letters


def _chosen(sample: bytes) -> str:
    """Return xberg's choice: it gives the text and not the name."""
    heard = "".join(_heard(sample).split())
    for name in _WEB:
        if "".join(sample.decode(name, "replace").split()) == heard:
            return name
    return "cp1252"


def _heard(sample: bytes) -> str:
    import xberg  # noqa: PLC0415 - only in workers, and only for bytes that say nothing of themselves

    limits = xberg.ConcurrencyConfig(max_threads=1, max_concurrent_ocr=1)
    config = xberg.ExtractionConfig(
        use_cache=False, disable_ocr=True, output_format="plain", concurrency=limits
    )
    source = xberg.ExtractInput(kind="bytes", bytes=sample, mime_type="text/plain")
    loop = asyncio.new_event_loop()
    try:
        answer = loop.run_until_complete(xberg.extract(source, config))
    except (RuntimeError, ValueError):
        return ""
    finally:
        loop.close()
    return str(answer.results[0].content) if answer.results else ""
