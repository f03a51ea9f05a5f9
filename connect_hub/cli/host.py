"""The hub that a command works on: the environment's, or with `--app module:hub` a host's own."""

import asyncio
import functools
import getpass
import importlib
import inspect
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

import click

from connect_hub.audit import Actor, ActorKind, acting_as
from connect_hub.cli.group import Refused
from connect_hub.errors import ConfigurationError
from connect_hub.hub import ConnectHub
from connect_hub.storage.protocol import Storage

__all__ = [
    "APP_INSTEAD",
    "alone",
    "app_option",
    "chosen_hub",
    "close",
    "close_storage",
    "project_option",
    "work_on",
]

T = TypeVar("T")

app_option = click.option(
    "--app",
    metavar="MODULE:HUB",
    # `main(…, obj="shop.connect:hub")`: whoever hands over arguments, as manage.py does, may say it for all.
    default=lambda: click.get_current_context().find_root().obj,
    help="The hub in your own code, such as shop.connect:hub. Default: the one that CONNECT_HUB_… describe.",
)
APP_INSTEAD = "For a hub that is mounted in your application, add --app module:hub."
project_option = click.option("--project", default="default", show_default=True, help="The project's id.")


def chosen_hub(app: str | None) -> ConnectHub:
    """The hub to work on. Raises ConfigurationError; Refused, unless it has the project that is asked for."""
    hub = _hub(app)
    context = click.get_current_context(silent=True)
    project = None if context is None else context.params.get("project")
    if project is not None and project not in hub.config.projects:
        there = ", ".join(sorted(hub.config.projects))
        raise Refused(f"--project: there is no project {project!r}, but there are: {there}.")
    return hub


def _hub(app: str | None) -> ConnectHub:
    if app is not None:
        return _load(app)
    from connect_hub.cli.service import hub_from_environment

    return hub_from_environment(os.environ, instead=APP_INSTEAD)


def work_on(hub: ConnectHub, work: Callable[[ConnectHub], Awaitable[T]]) -> T:
    """Run `work` on a loop of its own, the hub set up before and shut down in good order after.

    Meanwhile it delivers nothing: that is for the host's processes and the workers.
    """

    async def set_up(hub: ConnectHub) -> T:
        async with hub.working(dispatch=False):
            with acting_as(_whoever_types()):
                return await work(hub)

    return alone(hub, set_up)


def alone(hub: ConnectHub, work: Callable[[ConnectHub], Awaitable[T]]) -> T:
    """Run `work` on a loop of its own, and close the hub after."""

    async def run() -> T:
        try:
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
    with _explained(app):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise  # the module is there, and lacks something of its own
            raise ConfigurationError(
                f"--app: there is no module {error.name!r}. Run this where your application starts."
            ) from None
        return _hub_at(app, module, path)


@contextmanager
def _explained(app: str) -> Iterator[None]:
    """Say what brings a database's driver that the host's code lacks; whatever else it raises is its own."""
    try:
        yield
    except ImportError as error:
        from connect_hub.storage.sql.drivers import missing_driver

        fix = missing_driver(error.name)
        if fix is None:
            raise
        raise ConfigurationError(f"--app: {app!r} cannot be loaded: {fix}") from None


def _hub_at(app: str, module: ModuleType, path: str) -> ConnectHub:
    found: object = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise ConfigurationError(f"--app: {module.__name__} has no {path!r}.{_hint(module)}")
        found = getattr(found, name)
    verb = "is"
    if inspect.isroutine(found) or isinstance(found, functools.partial):
        if inspect.iscoroutinefunction(found):
            raise ConfigurationError(
                f"--app: {app!r} is a coroutine function. Name a plain one that returns a ConnectHub, or a "
                "ConnectHub."
            )
        wanted = [one.name for one in inspect.signature(found).parameters.values() if _is_required(one)]
        if wanted:
            raise ConfigurationError(
                f"--app: {app!r} wants arguments ({', '.join(wanted)}), and is called without any. Name a "
                "ConnectHub, or a function that returns one and needs nothing."
            )
        found, verb = found(), "returned"
    if not isinstance(found, ConnectHub):
        what = "a class" if inspect.isclass(found) else f"an object of {type(found).__name__}"
        raise ConfigurationError(f"--app: {app!r} {verb} {what}, not a ConnectHub.{_hint(module)}")
    return found


def _is_required(parameter: inspect.Parameter) -> bool:
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameter.default is inspect.Parameter.empty and parameter.kind not in several


def _hint(module: ModuleType) -> str:
    hubs = [name for name, value in vars(module).items() if isinstance(value, ConnectHub)]
    if hubs:
        return " Write " + " or ".join(f"--app {module.__name__}:{name}" for name in hubs) + "."
    return " Name a ConnectHub, or a function that returns one."
