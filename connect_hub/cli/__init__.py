"""`connect-hub`: the command line."""

import click

from connect_hub._version import __version__
from connect_hub.cli.group import Commands

__all__ = ["main"]


@click.group(
    cls=Commands,
    modules={
        "accounts": "accounts",
        "api-keys": "api_keys",
        "attempts": "attempts",
        "audit": "audit",
        "connectors": "connectors",
        "db": "db",
        "demo": "demo",
        "doctor": "doctor",
        "events": "events",
        "keys": "keys",
        "links": "links",
        "operators": "operators",
        "owners": "owners",
        "preview": "preview",
        "purge": "purge",
        "serve": "serve",
        "triggers": "triggers",
        "webhooks": "webhooks",
        "worker": "worker",
    },
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="connect-hub")
def main() -> None:
    """An integrations hub: your customers connect their tools, you call them.

    Commands work on the hub that CONNECT_HUB_… variables describe, or with --app on the one in your own code.

    To see it at work: connect-hub demo. To run it alone: connect-hub serve --help. What cannot be done is
    said in one line, with exit code 2; --json makes output for programs.
    """
