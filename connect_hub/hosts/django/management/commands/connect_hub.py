"""`manage.py connect_hub …`: the command line `connect-hub`, on the hub of this project."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from connect_hub.cli import main

__all__ = ["Command"]


class Command(BaseCommand):
    """Hands its arguments over as they are: `manage.py connect_hub links create --origin-owner-id 42 …`."""

    help = "The command line of connect_hub, on the hub that settings.CONNECT_HUB names."
    requires_system_checks: ClassVar[list[str]] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """The hub's own parser reads them, `--help` too. What manage.py has acted on already is left out."""
        djangos = CommandParser(prog=argv[0], add_help=False, allow_abbrev=False)
        djangos.add_argument("--settings")
        djangos.add_argument("--pythonpath")
        _, arguments = djangos.parse_known_args(argv[2:])
        try:
            self.handle(arguments=arguments)
        except CommandError as error:
            self.stderr.write(f"{error.__class__.__name__}: {error}")
            raise SystemExit(error.returncode) from None

    def add_arguments(self, parser: CommandParser) -> None:
        """For `call_command("connect_hub", "links", "list")`."""
        parser.add_argument("arguments", nargs="*")

    def handle(self, *_args: object, **options: Any) -> None:
        """Ends by SystemExit, as the command line does, unless all went well."""
        named = getattr(settings, "CONNECT_HUB", None)
        if not isinstance(named, str):
            raise CommandError(
                "settings.CONNECT_HUB does not say where the hub is. Write it as "
                'CONNECT_HUB = "shop.connect:hub": a module, a colon, and a name in it.'
            )
        try:
            main.main(options["arguments"], prog_name="manage.py connect_hub", obj=named)
        except SystemExit as ended:
            if ended.code:
                raise
