"""Keys are what users have paid for: the vectors below never change without a new FORMAT."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.keys import canonical, identity_config, item_key, recipe_key, submission_id
from docbatch.core.models import Operation, Recipe

PLAIN = Recipe("local", "local", Operation.PARSE)
FULL = Recipe(
    "extend",
    "api.extend.ai/ws_1",
    Operation.EXTRACT,
    config={
        "processor": {
            "id": "ex_1",
            "override": {"pages": [3, 1], "ratio": 0.5, "deep": True, "note": "Größe"},
        }
    },
    pins={"processor": "7"},
)
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("recipe", "key"),
    [
        (PLAIN, "35b401f45a12414bd54582f43656a083fbfedacc2cdbc0bd3e6b7b2eecd237d6"),
        (FULL, "5fa5d1f6a15da910db224f736fe2706fcee090a450db87e8bcbab6254fc546f5"),
    ],
)
def test_recipe_keys_are_frozen(recipe: Recipe, key: str) -> None:
    assert recipe_key(recipe) == key


@pytest.mark.parametrize(
    ("recipe", "media_type", "key"),
    [
        (PLAIN, "application/pdf", "50ba537abd16e543bc5ed66ba85ceb6c109ac4ca42f22e6273c586cb5e2a7028"),
        (FULL, "text/plain", "894f56d28853ceec07fd3b37610584f8103b85972b2c27347903c9f35995b5ea"),
    ],
)
def test_item_keys_are_frozen(recipe: Recipe, media_type: str, key: str) -> None:
    assert item_key(recipe_key(recipe), media_type, DIGEST) == key


def test_submission_ids_are_frozen() -> None:
    assert submission_id("pabcdef012345", "local", ["b", "a"], 0) == "s24ab18b43cae59851e18"


@pytest.mark.parametrize(
    "other",
    [
        Recipe("extend", "local", Operation.PARSE),
        Recipe("local", "elsewhere", Operation.PARSE),
        Recipe("local", "local", Operation.SPLIT),
        Recipe("local", "local", Operation.PARSE, config={"ocr": "off"}),
        Recipe("local", "local", Operation.PARSE, pins={"engine": "2"}),
    ],
)
def test_every_part_of_a_recipe_counts(other: Recipe) -> None:
    assert recipe_key(other) != recipe_key(PLAIN)


def test_config_and_pins_are_not_mixed_up() -> None:
    with_config = Recipe("local", "local", Operation.PARSE, config={"a": "b"})
    with_pins = Recipe("local", "local", Operation.PARSE, pins={"a": "b"})
    assert recipe_key(with_config) != recipe_key(with_pins)


def test_another_media_type_is_another_item() -> None:
    assert item_key("r", "text/html", DIGEST) != item_key("r", "text/plain", DIGEST)


def test_a_submission_is_named_after_its_set_of_items_and_its_attempt() -> None:
    first = submission_id("p", "account", ["a", "b"], 0)
    assert submission_id("p", "account", ["b", "a"], 0) == first
    assert (
        len({first, submission_id("p", "account", ["a"], 0), submission_id("p", "account", ["a", "b"], 1)})
        == 3
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [2, 1]}, '{"a":[2,1],"b":1}'),
        ([1.0, -0.0, 1e21, 0.1], "[1,0,1000000000000000000000,0.1]"),
        ([True, 1, None, ""], '[true,1,null,""]'),
        ((1, 2), "[1,2]"),
        ("é\n", '"\\u00e9\\n"'),
    ],
)
def test_canonical_text(value: object, text: str) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_equal_nothing_have_no_canonical_text(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": [number]})


@pytest.mark.parametrize("value", [{1: 2}, {"a": {None: 1}}, {"a"}, b"a"])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(each) for key, each in reversed(value.items())}
    if isinstance(value, list):
        return [shuffled(each) for each in value]
    return float(value) if type(value) is int and abs(value) < 2**53 else value


@given(_VALUES)
def test_order_of_keys_and_spelling_of_numbers_do_not_matter(value: Any) -> None:
    assert canonical(shuffled(value)) == canonical(value)


@given(_VALUES)
def test_the_canonical_text_says_all_of_the_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_execution_only_fields_leave_the_identity_alone() -> None:
    config = {"timeout": 5, "ocr": "off", "inner": {"timeout": 5}}
    assert identity_config(config, {"timeout"}) == {"ocr": "off", "inner": {"timeout": 5}}
