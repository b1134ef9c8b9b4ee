"""Sentences about what a job may do, and what may surprise."""

from collections.abc import Iterator

from docbatch.naming.signed import is_signed
from docbatch.providers.kind import ConfigContract, ProviderKind
from docbatch.sources.options import LinksOptions
from docbatch.specs.job import JobSpec
from docbatch.specs.values import JobSource


def cautions(spec: JobSpec, kind: ProviderKind, contract: ConfigContract, source: JobSource) -> Iterator[str]:
    """Yield what is worth saying of a job although it is valid."""
    for name in sorted(contract.surcharged & spec.config.keys()):
        yield (
            f"job '{spec.name}': the vendor may charge extra for config.{name};"
            f" the job's own {name} orders docbatch's queue free of charge"
        )
    for moving in kind.moving(spec.operation, spec.config):
        yield f"job '{spec.name}': {moving}"
    if isinstance(spec.source, LinksOptions) and source.listing is not None:
        signed = sum(is_signed(each.value) for each in source.listing.documents)
        if signed:
            yield (
                f"job '{spec.name}': {signed:,} of its links carry a signature, which is a credential;"
                " keep them in a list of their own (urls_from:), outside version control"
            )
