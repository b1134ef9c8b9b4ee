"""What jobs name of plug-ins, looked at before the models judge them: the models hold only kinds that are at hand."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from docbatch import sinks, sources
from docbatch.core.errors import Problem, UsageError
from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings
from docbatch.registry import Registry
from docbatch.sinks.kind import SinkSpec
from docbatch.specs.checkout import variables
from docbatch.specs.nodes import Node, Origin, Path
from docbatch.specs.problems import near
from docbatch.specs.values import Job


def load_source(origin: Origin) -> Iterator[Problem]:
    """Have the kind of a job's source at hand, and yield what is wrong where it cannot be used."""
    place = ("source", "type")
    named = _name(origin, place)
    if named is not None and sources.KINDS.knows(named):
        yield from _unusable(sources.KINDS, named, origin, place)
    elif named is not None:
        known = _told_by_type()
        hint = (
            near(named, known, "there are")
            if known
            else "sources with a type are plug-ins, and none is installed"
        )
        yield origin.problem(place, f"no source has the type {named}", hint)


def load_sinks(origin: Origin, above: Path) -> Iterator[Problem]:
    """Have the kinds of sinks at hand, and yield what is wrong with those that cannot be used."""
    written = origin.node.at(above)
    for index in range(len(written.content) if written and isinstance(written.content, tuple) else 0):
        place = (*above, index, "type")
        named = _name(origin, place)
        # A kind that nothing declares is told by the model, with what there is.
        if named is not None and sinks.KINDS.knows(named):
            yield from _unusable(sinks.KINDS, named, origin, place)


def check_provider(job: Job) -> Iterator[Problem]:
    """Yield what a plug-in fails to say of a job and its connection. docbatch's own providers are not asked twice."""
    connection = job.connection
    if REGISTRY.plugin(connection.type) is None:
        return
    kind = REGISTRY.kind(connection.type)
    # What is found in the environment is left out: nothing is read from there before a plan.
    workspace = connection.workspace if isinstance(connection.workspace, str) else None
    settings = Settings(
        connection.name,
        connection.type,
        base_url=connection.base_url,
        workspace=workspace,
        api_version=connection.api_version,
        variables=variables(untrusted=connection.untrusted),
    )
    try:
        kind.traits(settings), kind.account(settings), kind.pins(job.operation, job.config)
        kind.tariff(job.operation, job.config)
    except UsageError as error:
        yield job.origin.problem(("provider",), error.message, error.hint)


def options_fault(
    kinds: Registry[Any], name: str, model: type[BaseModel], written: Node
) -> UsageError | None:
    """Return what keeps a plug-in's model from judging its options: it raises what is no verdict."""
    plugin = kinds.plugin(name)
    if plugin is None:
        return None
    from docbatch.plugins import told  # noqa: PLC0415 - few jobs name a plug-in

    try:
        model.model_validate_json(json.dumps(written.plain()))
    except ValidationError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the package's
        return plugin.error(f"cannot be used: judging its options raised {told(error)}")
    return None


def sink_fault(options: SinkSpec) -> UsageError | None:
    """Return what is wrong with that which a plug-in's options say of a sink."""
    plugin = sinks.KINDS.plugin(options.type)
    if plugin is None:
        return None
    from docbatch.sinks.plugin import check_options  # noqa: PLC0415 - few jobs have a sink of a plug-in

    try:
        check_options(plugin, options)
    except UsageError as error:
        return error
    return None


def _name(origin: Origin, place: Path) -> str | None:
    node = origin.node.at(place)
    return node.content if node and isinstance(node.content, str) else None


def _told_by_type() -> list[str]:
    own = {name for name in sources.KINDS.names() if sources.KINDS.kind(name).key is not None}
    return [name for name in sources.KINDS.installed() if name not in own]


def _unusable(kinds: Registry[Any], name: str, origin: Origin, place: Path) -> Iterator[Problem]:
    written = origin.node.at(place[:-1])
    error = kinds.fault(name)
    if error is None and written is not None and kinds.plugin(name):
        error = options_fault(kinds, name, kinds.kind(name).options, written)
    if error is not None:
        yield origin.problem(place, error.message, error.hint)
