"""The library that cuts text: `semantic-text-splitter`, an extra, and the version of it that is installed."""

from collections.abc import Callable
from functools import lru_cache

from docbatch.core.errors import UsageError

SPLITTER = "semantic-text-splitter"

_MODELS = {"cl100k_base": "gpt-4", "o200k_base": "gpt-4o"}
"""The models by whose name the library gives the tokenizer of an encoding."""

Split = Callable[[str], list[tuple[int, str]]]
"""Gives the places of chunks and their text."""


def version() -> str:
    """Return what is installed. Raises UsageError where nothing is."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - few jobs have chunks
    from importlib.metadata import version as installed  # noqa: PLC0415

    try:
        return installed(SPLITTER)
    except PackageNotFoundError as error:
        raise _missing() from error


@lru_cache(maxsize=16)
def splitter(tokens: str, size: int, overlap: int, kind: str) -> Split:
    """Return what cuts text to a size in tokens or characters. Raises UsageError where the library is not installed."""
    try:
        import semantic_text_splitter  # noqa: PLC0415 - an extra, and megabytes of vocabularies
    except ImportError as error:
        raise _missing() from error
    chosen = getattr(semantic_text_splitter, kind)
    made = (
        chosen(size, overlap)
        if tokens == "characters"
        else chosen.from_tiktoken_model(_MODELS[tokens], size, overlap)
    )
    split: Split = made.chunk_indices
    return split


def _missing() -> UsageError:
    return UsageError(
        f"rows: chunk needs {SPLITTER}, which is not installed: documents cannot be cut without the extra 'chunks'",
        hint="pip install 'docbatch[chunks]', then run the same command again",
    )
