"""The group of all commands: loads the one that is asked for, and says what went wrong in one line."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from connect_hub.errors import ConnectHubError

__all__ = ["Commands", "Group", "Refused"]

_WHOLE = 1000
_EXTRAS = {"uvicorn": "serve", "pydantic_settings": "serve"}


class Refused(click.ClickException):
    """What cannot be done, and the fix; exit code 2, no traceback."""

    exit_code = 2


class Group(click.Group):
    """Says of each command all of its first sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(limit=_WHOLE))
            for name, command in commands
            if command is not None
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class Commands(Group):
    """Each command is the object of its own name in a module of `connect_hub.cli`."""

    def __init__(self, *args: Any, modules: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(f"connect_hub.cli.{self._modules[cmd_name]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ConnectHubError as error:
            raise Refused(error.message) from None
        except ImportError as error:
            extra = _EXTRAS.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            raise Refused(f'{error.name} is not installed. Run: pip install "connect-hub[{extra}]"') from None
