"""What the service keeps of a document beside Markdown, text and items, because options asked for it: which, and in what form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from docbatch.jsontext import parse

Form = Literal["json", "lines", "text"]
Parameters = Mapping[str, Any]

FORMS = "forms"
GROUNDED = "grounded_items"
SIDE_RESULTS: Mapping[str, Form] = {
    FORMS: "json",
    GROUNDED: "lines",
    "raw_words": "lines",
    "stripped_markdown": "json",
    "concatenated_stripped_markdown": "text",
}
"""By the name that results of ours and questions for them bear."""

_ADDITIONAL: Mapping[str, str] = {
    "word_bbox": "raw_words",
    "stripped_md": "stripped_markdown",
    "concatenated_stripped_txt": "concatenated_stripped_markdown",
}
_METADATA = "_content_metadata"
_PLAIN = {name.replace("_", ""): name for name in (*SIDE_RESULTS, "markdown", "text", "items", "metadata")}


def asked_for(parameters: Parameters) -> tuple[str, ...]:
    """Return the side results that parameters ask for, as far as they are fetched. The parameters may be a stranger's."""
    output, processing = _inner(parameters, "output_options"), _inner(parameters, "processing_options")
    names = [
        *([FORMS] if processing.get("forms") == "enrich" else ()),
        *([GROUNDED] if output.get("granular_bboxes") else ()),
        *(_ADDITIONAL[each] for each in _texts(output.get("additional_outputs")) if each in _ADDITIONAL),
    ]
    return tuple(dict.fromkeys(names))


def not_fetched(parameters: Parameters) -> list[str]:
    """Return the options of parameters that make files which nobody fetches; the parameters may be a stranger's."""
    output = _inner(parameters, "output_options")
    made = {
        "output_options.images_to_save": bool(output.get("images_to_save")),
        "output_options.save_output_pdf": output.get("save_output_pdf") is True,
        "output_options.tables_as_spreadsheet": _inner(output, "tables_as_spreadsheet").get("enable") is True,
    }
    return [option for option, is_made in made.items() if is_made]


def questions(names: Sequence[str], *, inline: bool) -> Iterator[str]:
    """Yield what is asked for with a job, so that its answer has side results or says where they lie."""
    for name in names:
        if name == FORMS and inline:
            yield name
        elif name != GROUNDED:
            # Where the places of words lie is said without a question.
            yield name + _METADATA


def plain_name(offered: str) -> str:
    """Return our name of what an answer offers: services write them with and without their suffix, in several cases."""
    name = offered.removesuffix(_METADATA)
    return _PLAIN.get(name.replace("_", "").lower(), name)


def placed(name: str, content: bytes) -> dict[str, Any]:
    """Return a downloaded part in the place one answer has it; text that is no JSON is a whole document's."""
    text = content.decode(errors="replace")
    form = SIDE_RESULTS.get(name)
    try:
        found = text if form == "text" else _rows(text) if form == "lines" else parse(text)
    except (ValueError, RecursionError):
        found = text
    if form is not None:
        return {name: found}
    if isinstance(found, list):
        return {name: {"pages": found}}
    return {name: found} if isinstance(found, dict) else {f"{name}_full": text}


def _rows(text: str) -> list[Any]:
    return [parse(line) for line in text.split("\n") if line.strip()]


def _inner(parameters: Parameters, name: str) -> Parameters:
    found = parameters.get(name)
    return found if isinstance(found, Mapping) else {}


def _texts(found: object) -> list[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
