"""What of an installation decides what a sink's outputs look like: kept with the sink, and changed by an upgrade of its job alone.

The state keeps it as the last line of the sink's identity, so that another version makes another sink of it: everything in it is
written again by what makes all sinks anew, wherever that is interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docbatch.core.errors import SinkError
from docbatch.core.report import named_versions
from docbatch.naming.declared_sinks import MADE_BY
from docbatch.sinks.faults import SAFE
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class SinkVersions:
    """The versions that made what a sink of a job holds, and those installed. Both are empty where nothing moves by itself."""

    job: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        return f"{MADE_BY}{named_versions(self.kept)}" if self.kept else ""

    @property
    def have_moved(self) -> bool:
        return self.kept != self.installed

    def note(self, *, is_whole: bool) -> str:
        """Return the sentence for whoever looks at a plan, of versions that have moved."""
        kept, installed = named_versions(self.kept), named_versions(self.installed)
        if is_whole:
            return (
                f"job '{self.job}': its output was made by {kept}, and {installed} is installed, which would make all of it anew:"
                f" nothing is written to it until 'docbatch apply --upgrade {self.job}' does so, free of charge"
            )
        return (
            f"job '{self.job}': what {kept} made in its output stays, and {installed} makes what is written from now on;"
            f" 'docbatch apply --upgrade {self.job}' makes all of it anew, free of charge"
        )

    def require_kept(self) -> None:
        """Raise SinkError for an output that can only be written as a whole, where another version made it."""
        if self.have_moved:
            raise SinkError(
                self.note(is_whole=True), hint=f"{SAFE}; or install {named_versions(self.kept)} again"
            )


def sink_versions(
    job: str, identity: str, installed: Mapping[str, str], store: Store | None, *, upgrade: bool
) -> SinkVersions:
    """Return the versions of a sink that is known by this identity, but for what made it."""
    if not installed:
        return SinkVersions()
    known = () if store is None or upgrade else store.deliveries.sinks(job)
    kept = (
        each.identity.removeprefix(identity + MADE_BY)
        for each in known
        if each.identity.startswith(identity + MADE_BY)
    )
    return SinkVersions(job, next(map(_read, kept), installed), installed)


def _read(named: str) -> Mapping[str, str]:
    pairs = (each.rpartition(" ") for each in named.split(", "))
    return {name: version for name, _, version in pairs}
