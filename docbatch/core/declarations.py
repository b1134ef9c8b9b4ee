"""What a job declared, as far as it is recorded, and what changed from one declaration to the next. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.models import Recipe
from docbatch.core.recipe_changes import Difference, differences

WHOLE = "job"
DECLARED = "declared"
NOT_DECLARED = "not declared"
GONE = "no longer declared"
NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class JobDeclaration:
    """A job as it was declared. `recipe` has all of its config, `settings` what else there is, by field, as text.

    `sinks` are (kind, what is shown of it); none where the job is not declared any more.
    """

    recipe: Recipe
    settings: Mapping[str, str]
    sinks: Sequence[tuple[str, str]] = ()


def declaration_changes(old: JobDeclaration | None, new: JobDeclaration) -> Iterator[Difference]:
    """Yield what changed in a job; of one that is new, or is declared again, first of all that it is."""
    if old is None:
        yield Difference(WHOLE, NOT_DECLARED, DECLARED)
        return
    if new.sinks and not old.sinks:
        yield Difference(WHOLE, GONE, DECLARED)
    yield from differences(old.recipe, new.recipe)
    for name, value in new.settings.items():
        if old.settings.get(name, NOT_SET) != value:
            yield Difference(name, old.settings.get(name, NOT_SET), value)
    yield from _sinks(old.sinks, new.sinks)


def _sinks(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Iterator[Difference]:
    """Yield what sinks changed: of one kind, those that are gone stand against those that are new, in their order."""
    gone = [each for each in old if each not in new]
    come = [each for each in new if each not in old]
    for kind in dict.fromkeys(kind for kind, _ in (*gone, *come)):
        before = [shown for own, shown in gone if own == kind]
        after = [shown for own, shown in come if own == kind]
        for place in range(max(len(before), len(after))):
            yield Difference(
                f"sink {kind}",
                before[place] if place < len(before) else NOT_DECLARED,
                after[place] if place < len(after) else NOT_DECLARED,
            )
