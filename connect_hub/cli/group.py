"""The group of all commands: loads the one that is asked for, and says what went wrong in one line."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from connect_hub.errors import ConnectHubError

__all__ = ["Commands", "Group", "Listed", "Refused"]

_WHOLE = 1000
_EXTRAS = {"uvicorn": "serve", "pydantic_settings": "serve"}


class Refused(click.ClickException):
    """What cannot be done, and the fix; exit code 2, no traceback."""

    exit_code = 2


class Group(click.Group):
    """Says of each command all of its first sentence, and names them where it has not the one asked for."""

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            there = ", ".join(self.list_commands(ctx))
            ctx.fail(f"There is no command {args[0]!r}, but there are: {there}.")
        return super().resolve_command(ctx, args)


class Listed(Group):
    """A group whose `list` is meant where no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


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
