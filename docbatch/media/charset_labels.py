"""What documents call their charset, as names of codecs.

Browsers read some labels as a wider charset that holds more: Latin-1 is windows-1252, Shift_JIS is Microsoft's, GB2312
is GB18030. Documents rely on that, so it is done here as well.
"""

import codecs
import re

_LABEL = re.compile(r"[A-Za-z0-9][\w.:+()-]{0,60}", re.ASCII)

# By the name that Python gives a codec.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "cp950",
    "utf-8-sig": "utf-8",
    "mbcs": "cp1252",
}
_ELSEWHERE = {
    "ansi": "cp1252",
    "cn-big5": "cp950",
    "csgb2312": "gb18030",
    "cseucpkdfmtjapanese": "euc_jp",
    "cseuckr": "cp949",
    "csiso885913": "iso8859-13",
    "csisolatin9": "iso8859-15",
    "csunicode": "utf-16",
    "dos-874": "cp874",
    "gb_2312-80": "gb18030",
    "iso-10646-ucs-2": "utf-16",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "iso-ir-149": "cp949",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "ksc_5601": "cp949",
    "logical": "iso8859-8",
    "mac": "mac-roman",
    "mac-ce": "mac-latin2",
    "macce": "mac-latin2",
    "mac-centraleurroman": "mac-latin2",
    "mac-ukrainian": "mac-cyrillic",
    "sun_eu_greek": "iso8859-7",
    "ucs-2": "utf-16",
    "unicode": "utf-16",
    "unicode-1-1-utf-8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "unicodefeff": "utf-16",
    "unicodefffe": "utf-16-be",
    "visual": "iso8859-8",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-949": "cp949",
}
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "oem"})
_SHOWN = {
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "cp950": "big5",
    "cp1361": "johab",
    **{f"cp125{number}": f"windows-125{number}" for number in range(9)},
}
# The other way to write the same, where the first one does not fit.
SIBLINGS = {
    "cp950": "big5hkscs",
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
    "euc_jp": "euc_jis_2004",
    "cp932": "shift_jis_2004",
    "iso2022_jp": "iso2022_jp_ext",
}


def codec(label: str) -> str | None:
    """Return the codec that a label means, None where it means none."""
    label = label.strip(" \t\r\n\f\"'").lower()
    if not _LABEL.fullmatch(label):
        return None
    for name in (label, label.removeprefix("x-"), label.removeprefix("x-x-")):
        found = _ELSEWHERE.get(name) or _of_python(name)
        if found:
            return found
    return None


def _of_python(name: str) -> str | None:
    windows = re.sub(r"^windows-?(\d)", r"windows-\1", name)
    for spelling in (
        windows,
        re.sub(r"^latin[-_]", "latin", name),
        re.sub(r"^iso-?8859-?", "iso-8859-", name),
        re.sub(r"^cp[-_]", "cp", name),
    ):
        try:
            known = codecs.lookup(spelling).name
            b"a".decode(known)
        except UnicodeDecodeError:
            # One byte is no character of the wide ones.
            return known
        except (LookupError, ValueError):
            continue
        return None if known in _NO_CHARSETS else _WIDER.get(known, known)
    return None


def shown(codec_name: str) -> str:
    """Return the name by which people know a codec; `codec` knows it as well."""
    return _SHOWN.get(codec_name, codec_name.replace("iso8859", "iso-8859"))
