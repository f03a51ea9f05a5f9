"""StackOne's TypeScript client, called from Python."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from tests.peers.node import NodeProgram

__all__ = ["Operation", "Refusal", "Sdk", "Success"]

Operation = Literal[
    "connectSessions.createConnectSession",
    "connectSessions.authenticateConnectSession",
    "accounts.listLinkedAccounts",
    "accounts.getAccount",
    "accounts.getAccountMetaInfo",
    "accounts.updateAccount",
    "accounts.deleteAccount",
    "connectors.listConnectorsMeta",
    "connectors.getConnectorMeta",
]
"""Every operation of the client on connect sessions, accounts and connectors."""


@dataclass(frozen=True)
class Success:
    """The client took the answer."""

    status: int
    value: object
    """What the client made of it: names in camel case, fields that it does not know left out."""


@dataclass(frozen=True)
class Refusal:
    """The client threw."""

    error: str
    """The class to catch, such as `NotFoundResponse`; `SDKError` for a status without a class of its own;
    `ResponseValidationError` if it could not read the answer, `SDKValidationError` if it would not ask."""
    status: int | None
    message: str
    cause: str | None
    headers: Mapping[str, str] | None
    body: str | None

    def json(self) -> Mapping[str, object]:
        """The body of the answer, parsed."""
        assert self.body is not None
        found: object = json.loads(self.body)
        assert isinstance(found, dict)
        return found


class Sdk:
    """The client, in a Node process of its own; use it as a context manager."""

    def __init__(self, *, url: str, api_key: str) -> None:
        """`url` is the hub's `public_url`, `api_key` the key of a project."""
        self._program = NodeProgram(
            "tests/contract/sdk.mjs", environment={"CONNECT_HUB_URL": url, "CONNECT_HUB_API_KEY": api_key}
        )

    def call(
        self,
        operation: Operation,
        arguments: Mapping[str, object] | None = None,
        *,
        api_key: str | None = None,
    ) -> Success | Refusal:
        """Call `operation` with the client's own argument names; `api_key` in place of the usual one."""
        command: dict[str, object] = {"call": operation, "arguments": arguments or {}}
        self._program.write(command if api_key is None else command | {"api_key": api_key})
        answer = self._program.read()
        assert isinstance(answer, dict)
        if answer.pop("ok"):
            return Success(**answer)
        return Refusal(**answer)

    def done(
        self,
        operation: Operation,
        arguments: Mapping[str, object] | None = None,
        *,
        api_key: str | None = None,
    ) -> Success:
        """As `call`, where it must succeed."""
        outcome = self.call(operation, arguments, api_key=api_key)
        assert isinstance(outcome, Success), outcome
        return outcome

    def refused(
        self,
        operation: Operation,
        arguments: Mapping[str, object] | None = None,
        *,
        api_key: str | None = None,
    ) -> Refusal:
        """As `call`, where it must fail."""
        outcome = self.call(operation, arguments, api_key=api_key)
        assert isinstance(outcome, Refusal), outcome
        return outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()
