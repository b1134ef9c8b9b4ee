"""Fields of the service's answers, each as it should be or not at all."""

from docbatch.providers.llamacloud.calls import Json

LARGEST = 1e15


def mapping_in(found: Json, name: str) -> Json:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def number_of(value: object) -> float | None:
    """Return a number; JSON can write ones that are none, such as 1e999."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        return None
    return float(value)


def text_in(found: Json, name: str) -> str | None:
    value = found.get(name)
    return None if value is None else str(value)


def credits_of(job: Json) -> float | None:
    return number_of(mapping_in(job, "usage").get("credits"))


def engine_name(tier: object, version: object) -> str | None:
    """Return the tier that did the work, in its version as far as it is known."""
    return " ".join(each for each in (tier, version) if isinstance(each, str) and each) or None
