"""Finding the connections that can receive webhooks: those of a vendor that sends them and whose secret is known."""

import os
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import CredentialsError, UsageError
from docbatch.engine.connections.credentials import read_webhook_secret
from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind
from docbatch.providers.webhook import Webhook
from docbatch.secret_references import EnvReference
from docbatch.specs.values import Connection, DeclaredProject
from docbatch.webhooks.listener import WebhookConnection


def find_webhook_connections(project: DeclaredProject) -> list[WebhookConnection]:
    """Return a receiver for each connection. Raises CredentialsError when there is none or a secret cannot be read."""
    if project.id is None:
        raise UsageError(
            "webhooks need a docbatch.yaml with a project id",
            hint="run 'docbatch init' in the project's root",
        )
    found = list(_receivers(project))
    if not found:
        names = " or ".join(each.variable for each in map(_webhook, REGISTRY.kinds()) if each is not None)
        raise CredentialsError(
            "no connection has a webhook secret, so that no delivery could be trusted",
            hint=f"set {names}, or write 'webhook_secret: {{env: NAME}}' under the connection in docbatch.yaml",
        )
    return found


def _receivers(project: DeclaredProject) -> Iterator[WebhookConnection]:
    for connection in project.connections.values():
        # A plug-in that cannot be used is told of by the jobs that name it; the others are listened for.
        webhook = _webhook(REGISTRY.kind(connection.type)) if connection.type in REGISTRY else None
        secrets = () if webhook is None else _secrets(connection, webhook.variable, project.root)
        if webhook is not None and secrets:
            yield WebhookConnection(connection.name, webhook, secrets)


def _webhook(kind: ProviderKind) -> Webhook | None:
    load = None if kind.service is None else kind.service.webhook
    return None if load is None else load()


def _secrets(connection: Connection, variable: str, root: Path) -> tuple[str, ...]:
    references = connection.webhook_secret
    if not references and os.environ.get(variable):
        references = (EnvReference(env=variable),)
    return tuple(read_webhook_secret(connection.name, reference, root) for reference in references)
