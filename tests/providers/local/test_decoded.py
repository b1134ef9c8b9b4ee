# ruff: noqa: RUF001 - letters of many scripts
"""CSV and XML in the charset that they are written in."""

import contextlib
from collections.abc import Iterator

import pytest

from docbatch.core.models import Failure
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Engine, Options, Parsed


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with contextlib.closing(engines.load("decoded")) as engine:
        yield engine


def read(engine: Engine, data: bytes, media_type: str) -> Parsed:
    parsed = engine.extract(data, media_type, Options(ocr="off"))
    assert not isinstance(parsed, Failure)
    return parsed


@pytest.mark.parametrize(
    ("media_type", "text", "charset"),
    [
        ("text/csv", "Größe;Preis\n5 €;7\n", "cp1252"),
        ("text/csv", "Größe,Preis\r\n5 €,7\r\n", "utf-16-le"),
        ("text/csv", "Счёт,Сумма\nда,7\n", "koi8-r"),
        ("text/tab-separated-values", "Größe\tPreis\n5 €\t7\n", "utf-16"),
        ("application/xml", '<?xml version="1.0" encoding="windows-1252"?><a>Größe 5 €</a>', "cp1252"),
        ("application/xml", '<?xml version="1.0" encoding="koi8-r"?><a>Счёт</a>', "koi8-r"),
        ("application/xml", '<?xml version="1.0" encoding="utf-16"?><a>Größe</a>', "utf-16"),
    ],
)
def test_they_are_read_in_their_charset(engine: Engine, media_type: str, text: str, charset: str) -> None:
    parsed = read(engine, text.encode(charset), media_type)

    assert "\ufffd" not in (parsed.markdown or "")
    assert ("Größe" in (parsed.text or "")) or ("Счёт" in (parsed.text or ""))
    assert parsed.lost == ()


def test_attributes_of_xml_are_said(engine: Engine) -> None:
    parsed = read(
        engine,
        b'<r xmlns:a="u"><!-- <x y="z"> --><sum currency="EUR" a:kind=\'net\'>5</sum></r>',
        "application/xml",
    )

    assert (parsed.markdown or "").endswith("- sum currency: EUR\n- sum a:kind: net")
    assert "z" not in (parsed.text or "")


def test_damage_is_named(engine: Engine) -> None:
    parsed = read(engine, '["Größe Œuvre '.encode() + b'\xff"]', "application/json")

    assert parsed.lost == ("1 place not written in utf-8, the first at byte 17",)
