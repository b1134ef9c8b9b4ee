"""The document services docbatch can drive. The registry is a literal; a service is imported when it is used."""

from collections.abc import Callable, Mapping

from docbatch.providers.kind import ProviderKind


def _local() -> ProviderKind:
    from docbatch.providers.local import KIND  # noqa: PLC0415 - engines are heavy

    return KIND


def _extend() -> ProviderKind:
    from docbatch.providers.extend import KIND  # noqa: PLC0415 - only what a job uses

    return KIND


def _llamacloud() -> ProviderKind:
    from docbatch.providers.llamacloud import KIND  # noqa: PLC0415 - only what a job uses

    return KIND


def _extractpage() -> ProviderKind:
    from docbatch.providers.extractpage import KIND  # noqa: PLC0415 - only what a job uses

    return KIND


REGISTRY: Mapping[str, Callable[[], ProviderKind]] = {
    "local": _local,
    "extend": _extend,
    "llamacloud": _llamacloud,
    "extractpage": _extractpage,
}
