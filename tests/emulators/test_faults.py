"""Faults a rehearsal asks for, and answers that are made up from a text."""

import itertools
from typing import Any

import pytest

from docbatch.emulators.exchange import ENDLESS, FAULTS, Request, endless
from docbatch.emulators.faults import KNOWN, Chaos, parse_faults
from docbatch.emulators.made_up_answers import chosen, values
from docbatch.emulators.reading import Page

TEXT = """Invoice No: 4711
| Net total | 1,200.50 |
- **Paid: yes
pieces: 3
note : sent at 12:30
Invoice No: 9999"""


def pages(*texts: str) -> list[Page]:
    return [Page(text, text) for text in texts]


def drawn(seed: int, share: float = 0.06) -> list[str]:
    chaos = Chaos(seed, share)
    return [chaos(Request(number, "GET", "/", {}, b"")) for number in range(1, 1001)]


def test_the_same_seed_brings_the_same_faults_and_another_brings_others() -> None:
    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 <= sum(map(bool, drawn(1))) <= 100
    assert set(drawn(3, share=1.0)) == set(FAULTS)


def test_faults_are_written_with_the_number_of_their_request() -> None:
    assert parse_faults(["429:3", "lost_before:12"]) == {3: "429", 12: "lost_before"}
    assert parse_faults([]) == {}


def test_nobody_is_killed_by_a_rehearsal() -> None:
    assert [fault for fault in KNOWN if "kill" in fault] == []


def test_faults_without_end_are_asked_for_and_never_drawn() -> None:
    assert parse_faults([f"{name}:{number}" for number, name in enumerate(ENDLESS, 1)]).keys() == {
        *range(1, 7)
    }
    assert set(ENDLESS) & set(drawn(3, share=1.0)) == set()


@pytest.mark.parametrize("fault", ENDLESS)
def test_a_fault_without_end_has_none(fault: str) -> None:
    heard = b"".join(itertools.islice(endless(fault), 200))

    assert b"\r\n\r\n" not in heard or heard.count(b"HTTP/1.1 1") == 200


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("invoice_no", {"type": "string"}, "4711"),
        ("Invoice No", {"type": "integer"}, 4711),
        ("net_total", {"type": "number"}, 1200.5),
        ("net_total", {"type": ["null", "integer"]}, 1200),
        ("paid", {"type": "boolean"}, True),
        ("note", {"type": "boolean"}, False),
        ("pieces", {"type": "array"}, ["3"]),
        ("pieces", {"type": "object"}, None),
        ("paid", {"type": "number"}, None),
        ("pieces", {}, "3"),
        ("note", True, "sent at 12:30"),
        ("missing", {"type": "string"}, None),
    ],
)
def test_a_value_is_what_follows_its_name(name: str, schema: Any, value: object) -> None:
    assert values(pages(TEXT), {"properties": {name: schema}}) == {name: value}


@pytest.mark.parametrize("schema", [{}, {"properties": {}}, {"properties": "none"}])
def test_without_properties_every_label_has_its_value(schema: dict[str, Any]) -> None:
    assert values(pages("Number: 1", "Place: Bonn"), schema) == {"number": "1", "place": "Bonn"}
    assert values(pages("no labels at all"), schema) == {}


def test_the_class_is_the_first_that_the_text_names() -> None:
    classes = [{"type": "invoice"}, {"type": "bill_of_lading"}, {"type": "letter"}]

    assert chosen(pages("a page", "the Bill of Lading, with a letter"), classes) == classes[1]
    assert chosen(pages("a page"), classes) == classes[0]
    assert chosen([], classes) == classes[0]
