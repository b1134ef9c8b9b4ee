"""The project file, as users write it."""

from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from docbatch.fields import (
    ONE_LINE,
    ApiVersion,
    Duration,
    Name,
    Priority,
    SpecModel,
    Word,
    one_line,
    refuse,
)
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.secret_references import KeyReference, Secrets, TextOrReference, TextOrVariable
from docbatch.sinks import KINDS
from docbatch.specs.base_url import BaseUrl
from docbatch.specs.guards import GuardsSpec
from docbatch.specs.job import Sinks
from docbatch.specs.limits import Limits, Money
from docbatch.specs.notify import NotifySpec


class _Registered:
    """Any provider that is registered when something is judged or described, with the words of a `Literal`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_registered, handler(source))

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        return {"enum": list(REGISTRY.at_hand()), "type": "string"}


def _registered(value: object) -> object:
    if not REGISTRY.knows(value):
        known = ", ".join(f"'{name}'" for name in REGISTRY.installed())
        raise PydanticCustomError("literal_error", "this is no provider", {"expected": known})
    return value


ProviderType = Annotated[str, _Registered()]

Seconds = Annotated[float, Field(gt=0, le=86_400)]

MOST_ENVIRONMENTS = 20
PROJECT_ID = r"^[a-z][a-z0-9]{11,31}$(?!\n)"


def _variable(value: str | bool | float) -> str | bool | float:
    return one_line(value) if isinstance(value, str) else value


_Line = Annotated[str, Field(max_length=1000, json_schema_extra={"pattern": ONE_LINE})]
Variable = Annotated[_Line | bool | int | float, AfterValidator(_variable)]


class PollRule(SpecModel):
    """How often unfinished work is asked about."""

    initial: Seconds = Field(default=2, description="seconds before the second question")
    max: Seconds = Field(default=30, description="seconds between questions at most")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.initial > self.max:
            refuse(f"initial ({self.initial:g}) is more than max ({self.max:g})", "swap them, or raise max")
        return self


class RecoveryRule(SpecModel):
    """What happens when the answer to a create was lost."""

    grace: Annotated[float, Field(ge=0, le=604_800)] | None = Field(
        default=None, description="seconds for which the work is looked for; the provider's own when left out"
    )
    then: Literal["hold", "resend"] | None = Field(
        default=None,
        description="when it was not found: `hold` for `docbatch resolve`, or `resend`; the provider's own when left out",
    )


class Rates(SpecModel):
    """How fast a connection is used. Money, pages and documents are not limited here."""

    requests_per_second: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        default=None,
        description="requests begun in a second at most, of each sort that the service counts apart",
    )
    in_flight: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="unfinished submissions at most, those of other processes of this machine on the same account included",
    )


class ConnectionSpec(SpecModel):
    """An account at a provider and how it is used."""

    type: ProviderType | None = Field(
        default=None, description="the kind of provider; the connection's name when left out"
    )
    base_url: BaseUrl | None = Field(
        default=None,
        description="where the service answers, plain http for loopback only; the vendor's own variable, such as EXTEND_BASE_URL, or the vendor's own host when left out",
    )
    api_key: KeyReference | None = Field(
        default=None,
        description="where the key is found, never the key itself; the vendor's own variable, such as EXTEND_API_KEY, when left out",
    )
    webhook_secret: Secrets | None = Field(
        default=None,
        description="where the secret is found that the service signs its webhooks with; several while it is being changed",
    )
    workspace: TextOrReference | None = Field(
        default=None, description="the workspace of the account, where a provider has them"
    )
    poll: PollRule | None = Field(
        default=None, description="how often unfinished work is asked about; the provider's own when left out"
    )
    recovery: RecoveryRule = Field(
        default_factory=RecoveryRule, description="what happens when the answer to a create was lost"
    )
    rates: Rates = Field(default_factory=Rates, description="how fast the connection is used")
    limits: Limits = Field(default=[], description="what may be spent on this connection")
    unreachable_after: Duration = Field(
        default="30m",
        description="how long a run goes on asking without one good answer before it gives the connection up",
    )
    workers: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="processes that read documents on this machine, where the provider works here; as many as there are processors for docbatch when left out",
    )
    on: Name | None = Field(
        default=None,
        description="where the provider's work is done, if not on this machine: `ray` is a Ray cluster, for the local engine",
    )
    address: TextOrVariable | None = Field(
        default=None,
        description="where that answers, as in `head.example:6379`, or a variable that says it; for `on: ray` a cluster of this machine when left out",
    )
    api_version: Annotated[str, Field(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$(?!\n)")] | None = Field(
        default=None,
        description="the version of the service's API, where it has several; the current one when left out",
    )
    allow_host: bool = Field(
        default=False,
        description="whether a base URL that is neither the vendor's own nor loopback may get the key; `--allow-host` must agree",
    )


class Identity(SpecModel):
    """What tells this project's work from others' at a vendor."""

    id: Annotated[str, Field(pattern=PROJECT_ID)] = Field(
        description="random, written once by `docbatch init`, and never changed: all work at a vendor is marked with it"
    )


class Defaults(SpecModel):
    """What jobs have that do not say it themselves."""

    provider: Name = Field(default=DEFAULT_PROVIDER, description="a connection")
    priority: Priority = Field(default=50, description="1 to 100; lower goes first")
    timeout: Duration = Field(
        default="6h", description="how long a submission may take before it is reported as stuck"
    )
    sink: Sinks = Field(default=[], description="where results go; a job's own sinks replace these")


class ProjectSpec(SpecModel):
    """docbatch.yaml: the project's identity, its connections, variables and defaults."""

    api_version: ApiVersion = Field(
        default="docbatch/v1", alias="apiVersion", description="the version of this format"
    )
    project: Identity = Field(
        description="the project's identity; it may be left out where environments have theirs"
    )
    providers: dict[Name, ConnectionSpec] = Field(
        default={}, description="connections by name", json_schema_extra={"additionalProperties": False}
    )
    # What one may say is judged apart, by `stores`, as prices are.
    stores: dict[Name, dict[str, Any]] = Field(
        default={},
        max_length=100,
        description="buckets and containers by name, which sources and sinks name as `store:`",
    )
    # What it may say is judged apart, by `state_spec`.
    state: dict[str, Any] | None = Field(
        default=None, description="where the state lies, if not on this disk"
    )
    limits: Limits = Field(
        default=[],
        description="what may be spent on all jobs together; those of connections and jobs hold beside it",
    )
    guards: GuardsSpec = Field(
        default_factory=GuardsSpec, description="what is refused because nobody may have meant it"
    )
    require_approval_over: Money | None = Field(
        default=None,
        description="the cost, as in `200 USD`, above which `docbatch apply` sends nothing without `--approve` and the digest that the plan shows",
    )
    notify: Annotated[list[NotifySpec], Field(max_length=20)] = Field(
        default=[], description="who is told once a run has ended"
    )
    vars: dict[Word, Variable | None] = Field(
        default={},
        description="values for `{{ vars.NAME }}` in paths and patterns of specs; one without a value has to come from outside, by `--var NAME=VALUE` or DOCBATCH_VAR_NAME",
        json_schema_extra={"additionalProperties": False},
    )
    defaults: Defaults = Field(
        default_factory=Defaults, description="what jobs have that do not say it themselves"
    )
    # What a line may say is judged apart, by `pricing`: few projects have any, and its model would be built at every start.
    prices: Annotated[list[dict[str, Any]], Field(max_length=1000)] = Field(
        default=[],
        description="what you pay, in the place of what docbatch believes; `docbatch providers --prices` shows both",
    )
    # Each is laid over what stands above, and judged as the project file that becomes of it, by `environments`.
    environments: dict[Name, dict[str, Any]] = Field(
        default={},
        max_length=MOST_ENVIRONMENTS,
        description="what is different for `--env NAME`; each has a project id and a state of its own",
        json_schema_extra={"additionalProperties": False},
    )


KINDS.watch(partial(Defaults.model_rebuild, force=True))
KINDS.watch(partial(ProjectSpec.model_rebuild, force=True))
