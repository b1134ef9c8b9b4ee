"""Parts of an answer as what they should be, empty where they are something else."""

from collections.abc import Mapping
from typing import Any


def mapped(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def content_of(part: Mapping[str, Any]) -> str:
    """Return the words of a chunk or block."""
    content = part.get("content")
    return content if isinstance(content, str) else ""


def page_of(block: Mapping[str, Any]) -> int | None:
    """Return the number of the page that a block is on."""
    number = mapped(mapped(block.get("metadata")).get("page")).get("number")
    return number if isinstance(number, int) else None
