"""Proving that an output holds the result that a manifest lists, and making what the spool keeps of it.

A manifest proves no more than who may write to the repository says. What it cannot do is to give a document the result of
another, or of other options: which item a result is of follows from the document's own bytes and from the job.
"""

import hashlib

from pydantic import ValidationError

from docbatch.core.manifest import ManifestDocument, ManifestOutput
from docbatch.core.models import Recipe
from docbatch.core.results import Result
from docbatch.engine.administration.outputs.read_manifest import place_within
from docbatch.engine.running.fetch_results import FoundAgain, found_again
from docbatch.jsontext import parse
from docbatch.naming.store_places import in_store
from docbatch.providers import REGISTRY
from docbatch.sinks.faults import reason
from docbatch.sinks.found_files import content_at
from docbatch.sinks.tree import Tree
from docbatch.spool import Spool

LARGEST = 256 << 20
"""Bytes of an output that is read: those of the longest documents are a tenth of it."""


class NotProven(ValueError):
    """No output holds the result that is listed. Its text says why."""


def proven(tree: Tree, spool: Spool, listed: ManifestDocument, recipe: Recipe) -> FoundAgain:
    """Return a document's result, made as a recipe says, from the first output that holds it. `tree` is the project.

    Raises NotProven, and NoManifest where the manifest names what is no place within the project.
    """
    complaints, gone = [], []
    for output in listed.outputs:
        try:
            content = _content(tree, output)
            if content is None:
                gone.append(f"{output.path}: it is gone")
            elif content.startswith(b"{"):
                return _result(spool, listed, recipe, output, content)
        except NotProven as error:
            complaints.append(f"{output.path}: {error}")
    raise NotProven("; ".join(complaints or gone) or "no output of it is a result as JSON (format: json)")


def _content(tree: Tree, output: ManifestOutput) -> bytes | None:
    """Return the bytes of an output, None where it is gone."""
    if output.path.startswith("/"):
        raise NotProven("it lies outside of the project, and is not looked at")
    if in_store(output.path.encode(errors="replace")):
        raise NotProven("it lies in a store, and is not looked at")
    place = place_within(output.path)
    try:
        return content_at(tree, place, LARGEST)
    except OSError as error:
        raise NotProven(f"it cannot be read: {reason(error)}") from error
    except ValueError as error:
        raise NotProven(str(error)) from error


def _result(
    spool: Spool, listed: ManifestDocument, recipe: Recipe, output: ManifestOutput, content: bytes
) -> FoundAgain:
    result = _read(content)
    document, provider = result.document, result.provider
    if (document.sha256, document.media_type) != (listed.sha256, listed.media_type):
        raise NotProven("it is the result of another document than the manifest says")
    if (provider.type, provider.operation) != (recipe.provider, recipe.operation.value):
        raise NotProven(
            f"it is the result of another provider or operation than {recipe.provider} {recipe.operation.value}"
        )
    found = _found(spool, result, partial=listed.outcome == "partial")
    # Where a tool laid the file out anew, what the vendor answered may be the same all the same.
    if hashlib.sha256(content).hexdigest() != output.sha256 and found.draft.digest != listed.result:
        raise NotProven("its bytes are others than the manifest says")
    return found


def _read(content: bytes) -> Result:
    try:
        return Result.model_validate(parse(content, finite=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NotProven(f"it is no result of this version of docbatch: {place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise NotProven(f"it is no JSON that can be read: {error}") from error


def _found(spool: Spool, result: Result, *, partial: bool) -> FoundAgain:
    kind = REGISTRY.kind(result.provider.type)
    if kind.written_back is None:
        raise NotProven(f"provider '{kind.name}' does not take its results back from outputs")
    try:
        payload = kind.written_back(result)
        return found_again(kind.read, spool, payload, result.document, partial=partial)
    except ValueError as error:
        raise NotProven(f"it cannot be read: {error}") from error
