"""What differs between two texts, as people who review changes read it. Pure."""

from collections.abc import Iterator


def text_difference(
    before: str, after: str, name: str, names: tuple[str, str] = ("as it is", "formatted")
) -> str:
    """Return the lines that differ, with some around them; nothing where none do. `names` tell the two texts apart.

    A line without an end, and one that ends in another way, is marked as such.
    """
    return "".join(_lines(before, after, name, names))


def _lines(before: str, after: str, name: str, names: tuple[str, str]) -> Iterator[str]:
    from difflib import unified_diff  # noqa: PLC0415 - most commands compare no texts

    for line in unified_diff(
        _split(before), _split(after), f"{name} ({names[0]})", f"{name} ({names[1]})", lineterm="\n"
    ):
        yield line if line.endswith("\n") else f"{line}\n\\ no line break at the end\n"


def _split(text: str) -> list[str]:
    """Return lines with their ends. Python's own way takes more for an end of a line than files have."""
    lines = text.split("\n")
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended
