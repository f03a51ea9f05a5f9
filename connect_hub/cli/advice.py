"""What to do about tries that did not succeed, in the words of the dashboard."""

from collections.abc import Iterable

import click

from connect_hub.cli.table import show_table
from connect_hub.web.dashboard.labels import ADVICE, UNKNOWN_ADVICE

__all__ = ["advice", "show_advice"]


def advice(error_code: str | None) -> dict[str, object]:
    """What happened and what to do about it, as fields of a row; empty where nothing failed."""
    what, to_do = (None, None) if error_code is None else ADVICE.get(error_code, UNKNOWN_ADVICE)
    return {"problem": what, "advice": to_do}


def show_advice(error_codes: Iterable[str | None]) -> None:
    """Below a table with these codes: each of them once, with what it says."""
    codes = sorted({code for code in error_codes if code is not None})
    if codes:
        click.echo()
        said = [(code, *ADVICE.get(code, UNKNOWN_ADVICE)) for code in codes]
        show_table(["error", "what happened", "what to do"], said)
