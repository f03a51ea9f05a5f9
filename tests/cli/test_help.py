"""What `--help` says, read as somebody does who has never seen it."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from connect_hub.cli import main


def commands(command: click.Command, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group, with the words that call it."""
    yield words, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from commands(inner, *words, name)


ALL = dict(commands(main))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_is_whole(words: tuple[str, ...]) -> None:
    """No sentence is cut, no line is too wide for a window, and each option says what it is."""
    shown = CliRunner().invoke(main, [*words, "--help"], terminal_width=110)
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line for line in lines if line.rstrip().endswith("...") and "[ARGS]..." not in line] == []
    assert [line for line in lines if len(line) > 150] == []
    mute = [each.name for each in ALL[words].params if isinstance(each, click.Option) and not each.help]
    assert mute == []
