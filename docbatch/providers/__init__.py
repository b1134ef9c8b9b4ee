"""The document services docbatch can drive. Each is declared in a folder of its own, and imported when it is used."""

from typing import TYPE_CHECKING

from docbatch.registry import Registry

if TYPE_CHECKING:
    # Most commands ask for names alone.
    from docbatch.providers.kind import ProviderKind

DEFAULT_PROVIDER = "local"
"""What jobs use that name no provider, and what all that needs no account belongs to."""

REGISTRY: "Registry[ProviderKind]" = Registry(
    "provider",
    {
        "local": "docbatch.providers.local",
        "extend": "docbatch.providers.extend",
        "llamacloud": "docbatch.providers.llamacloud",
        "extractpage": "docbatch.providers.extractpage",
    },
    judge="docbatch.providers.plugin:judged",
)
