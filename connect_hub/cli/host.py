"""The hub that a command works on: the environment's, or with `--app module:hub` a host's own."""

import asyncio
import getpass
import importlib
import inspect
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from connect_hub.audit import Actor, ActorKind, acting_as
from connect_hub.errors import ConfigurationError
from connect_hub.hub import ConnectHub
from connect_hub.storage.protocol import Storage

__all__ = ["app_option", "chosen_hub", "close", "close_storage", "project_option", "work_on"]

T = TypeVar("T")

app_option = click.option(
    "--app",
    metavar="MODULE:HUB",
    # `main(…, obj="shop.connect:hub")`: whoever hands over arguments, as manage.py does, may say it for all.
    default=lambda: click.get_current_context().find_root().obj,
    help="The hub in your own code, such as shop.connect:hub. Default: the one that CONNECT_HUB_… describe.",
)
project_option = click.option("--project", default="default", show_default=True, help="The project's id.")


def chosen_hub(app: str | None, *, dispatch: bool = False) -> ConnectHub:
    """The hub to work on. `dispatch`: whether the environment's delivers events in this process.

    Raises ConfigurationError.
    """
    if app is not None:
        return _load(app)
    from connect_hub.cli.service import hub_from_environment

    return hub_from_environment(os.environ, dispatch=dispatch)


def work_on(hub: ConnectHub, work: Callable[[ConnectHub], Awaitable[T]]) -> T:
    """Run `work` on a loop of its own, the hub set up before and shut down in good order after."""

    async def run() -> T:
        try:
            async with hub.lifespan():
                with acting_as(_whoever_types()):
                    return await work(hub)
        finally:
            await close(hub)

    return asyncio.run(run())


def _whoever_types() -> Actor:
    """The user of the operating system, for the audit log."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have a number alone
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return Actor(ActorKind.COMMAND_LINE, user, user, socket.gethostname())


async def close(hub: ConnectHub) -> None:
    """Close the hub's connections: this process is about to end, and the loop before it."""
    await hub.aclose()
    await close_storage(hub.storage)


async def close_storage(storage: Storage) -> None:
    """Let go of its threads and of its engine's connections."""
    await storage.aclose()
    dispose = getattr(getattr(storage, "engine", None), "dispose", None)
    if dispose is not None:
        closing = dispose()
        if inspect.isawaitable(closing):
            await closing


def _load(app: str) -> ConnectHub:
    module_name, colon, path = app.partition(":")
    if not (module_name and colon and path):
        raise ConfigurationError(
            f"--app: {app!r} is not of the form module:hub. Write it as shop.connect:hub."
        )
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks something of its own
        raise ConfigurationError(
            f"--app: there is no module {error.name!r}. Run this where your application starts."
        ) from None
    for name in path.split("."):
        found = getattr(found, name, None)
    if callable(found) and not isinstance(found, ConnectHub):
        found = found()
    if not isinstance(found, ConnectHub):
        raise ConfigurationError(
            f"--app: {app!r} is {type(found).__name__}, not a ConnectHub or a function that returns one."
        )
    return found
