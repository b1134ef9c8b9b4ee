"""What docbatch.yaml says of stores: connections to buckets and containers, by name."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from docbatch.core.errors import Problem
from docbatch.fields import Folder, Name, SpecModel, refuse
from docbatch.secret_references import KeyReference
from docbatch.specs.base_url import BaseUrl
from docbatch.specs.nodes import Origin
from docbatch.specs.problems import translate
from docbatch.specs.values import StoreConnection
from docbatch.stores.settings import StoreSettings

Bucket = Annotated[str, Field(pattern=r"^[A-Za-z0-9$][A-Za-z0-9._$-]{0,221}$(?!\n)")]
_ENDPOINT = Field(
    default=None,
    description="where the store answers, plain http for loopback only; the vendor's own when left out",
)
_ALLOW_HOST = Field(
    default=False,
    description="whether an endpoint that is neither the vendor's own nor loopback may get credentials; `--allow-host` must agree",
)


class S3StoreSpec(SpecModel):
    """A bucket at S3, or at a store that speaks as it does. Without keys the platform's own credentials are taken."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {
                "access_key": ["secret_key"],
                "secret_key": ["access_key"],
                "session_token": ["secret_key"],
            }
        }
    )

    type: Literal["s3"] = Field(description="what kind of store it is")
    bucket: Bucket = Field(description="the bucket's name")
    region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$(?!\n)")] | None = Field(
        default=None, description="the bucket's region"
    )
    endpoint: BaseUrl | None = _ENDPOINT
    access_key: KeyReference | None = Field(
        default=None, description="where the access key id is found, never the id itself"
    )
    secret_key: KeyReference | None = Field(
        default=None, description="where the secret access key is found, never the key itself"
    )
    session_token: KeyReference | None = Field(
        default=None, description="where the token is found that goes with keys for a time"
    )
    path_style: bool | None = Field(
        default=None,
        description="whether the bucket's name stands in the path instead of the host; so it is at an endpoint of your own when left out",
    )
    allow_host: bool = _ALLOW_HOST

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            refuse("access_key and secret_key go together", "write both, or neither for the platform's own")
        if self.session_token is not None and self.secret_key is None:
            refuse("session_token goes with access_key and secret_key", "write all three, or none")
        return self


class GcsStoreSpec(SpecModel):
    """A bucket at Google Cloud Storage. Without a key the platform's own credentials are taken."""

    type: Literal["gcs"] = Field(description="what kind of store it is")
    bucket: Bucket = Field(description="the bucket's name")
    endpoint: BaseUrl | None = _ENDPOINT
    service_account_key: KeyReference | None = Field(
        default=None, description="where the JSON key of a service account is found, never the key itself"
    )
    allow_host: bool = _ALLOW_HOST


class AzureStoreSpec(SpecModel):
    """A container at Azure Blob Storage. Without a key the platform's own credentials are taken."""

    model_config = ConfigDict(
        json_schema_extra={"dependentSchemas": {"sas": {"not": {"required": ["account_key"]}}}}
    )

    type: Literal["azure"] = Field(description="what kind of store it is")
    account: Annotated[str, Field(pattern=r"^[a-z0-9]{3,24}$(?!\n)")] = Field(
        description="the storage account's name"
    )
    container: Bucket = Field(description="the container's name")
    endpoint: BaseUrl | None = _ENDPOINT
    account_key: KeyReference | None = Field(
        default=None, description="where the account's key is found, never the key itself"
    )
    sas: KeyReference | None = Field(
        default=None, description="where a shared access signature is found, never the signature itself"
    )
    allow_host: bool = _ALLOW_HOST

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.account_key is not None and self.sas is not None:
            refuse("account_key and sas are two ways to the same container", "write one of them")
        return self


class FolderStoreSpec(SpecModel):
    """A folder that stands for a bucket."""

    type: Literal["folder"] = Field(description="what kind of store it is")
    path: Folder = Field(description="the folder, relative to the project root, or absolute")


RemoteStoreSpec = S3StoreSpec | GcsStoreSpec | AzureStoreSpec
StoreSpec = Annotated[RemoteStoreSpec | FolderStoreSpec, Field(discriminator="type")]


class OwnStores(SpecModel):
    """The part of docbatch.yaml that is about stores."""

    stores: dict[Name, StoreSpec] = Field(
        default={},
        max_length=100,
        description="buckets and containers by name, which sources and sinks name as `store:`",
        json_schema_extra={"additionalProperties": False},
    )


def read_stores(
    origin: Origin, *, untrusted: bool
) -> tuple[Mapping[str, StoreConnection], Sequence[Problem]]:
    """Return the stores that a project file has, or what is wrong with them; what is no mapping of mappings others tell."""
    written = origin.node.child("stores")
    stores = written.content if written and isinstance(written.content, dict) else {}
    if not all(isinstance(each.content, dict) for each in stores.values()):
        return {}, ()
    try:
        text = json.dumps({"stores": {name: each.plain() for name, each in stores.items()}})
        found = OwnStores.model_validate_json(text).stores
    except ValidationError as error:
        return {}, translate(error, OwnStores, origin.node, origin.shown)
    return {name: StoreConnection(name, spec, untrusted) for name, spec in found.items()}, ()


def store_settings(
    name: str, spec: RemoteStoreSpec, credentials: Mapping[str, str] | None = None
) -> StoreSettings:
    """Return how a store is reached; without `credentials` it serves to tell stores apart."""
    known = credentials or {}
    match spec.type:
        case "s3":
            style = spec.path_style if spec.path_style is not None else spec.endpoint is not None
            return StoreSettings(
                name, "s3", spec.bucket, spec.endpoint, spec.region, path_style=style, credentials=known
            )
        case "gcs":
            return StoreSettings(name, "gcs", spec.bucket, spec.endpoint, credentials=known)
        case "azure":
            return StoreSettings(
                name, "azure", spec.container, spec.endpoint, account=spec.account, credentials=known
            )
