"""Months and weekdays as a language writes them, for format codes that ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CalendarNames:
    """Names from January and from Monday on; without short ones, those are the first three letters."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    short_months: tuple[str, ...] = ()
    short_weekdays: tuple[str, ...] = ()

    def month(self, number: int, length: int) -> str:
        return _shown(self.months, self.short_months, number - 1, length)

    def weekday(self, number: int, length: int) -> str:
        return _shown(self.weekdays, self.short_weekdays, number, length)


def _shown(names: tuple[str, ...], short: tuple[str, ...], at: int, length: int) -> str:
    if length == 3:
        return short[at] if short else names[at][:3]
    return names[at][:1] if length == 5 else names[at]


def _names(months: str, weekdays: str, short_months: str = "", short_weekdays: str = "") -> CalendarNames:
    parts = (months, weekdays, short_months, short_weekdays)
    return CalendarNames(*(tuple(part.split()) for part in parts))


ENGLISH = _names(
    "January February March April May June July August September October November December",
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
)
_LANGUAGES: Mapping[str, CalendarNames] = {
    "de": _names(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "Mo Di Mi Do Fr Sa So",
    ),
    "fr": _names(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "lun. mar. mer. jeu. ven. sam. dim.",
    ),
    "es": _names(
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "lunes martes miércoles jueves viernes sábado domingo",
    ),
    "it": _names(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    ),
    "nl": _names(
        "januari februari maart april mei juni juli augustus september oktober november december",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "ma di wo do vr za zo",
    ),
    "pt": _names(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    ),
}
_NUMBERS: Mapping[int, str] = {0x07: "de", 0x0C: "fr", 0x0A: "es", 0x10: "it", 0x13: "nl", 0x16: "pt"}
# Of a number that names a language and a country, these bits are the language.
_OF_LANGUAGE = 0x3FF


def named(language: str) -> CalendarNames:
    """Return the names of a language, given as in a format code: `407` or `de-DE`; English where it is not known."""
    tag = language.partition(",")[0].partition("-")[0].lower()
    if tag in _LANGUAGES:
        return _LANGUAGES[tag]
    try:
        return _LANGUAGES[_NUMBERS[int(tag, 16) & _OF_LANGUAGE]]
    except (ValueError, KeyError):
        return ENGLISH
