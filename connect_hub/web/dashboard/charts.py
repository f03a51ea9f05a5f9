"""Charts as geometry: what the templates draw as SVG, beside the table of the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "Columns", "Part", "Stack", "columns", "stack"]

_WIDTH, _HEIGHT = 720, 160
_GAP = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One column, in the units of the chart's view box."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int
    at_least: bool = False
    """The count ended here: there may be more."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side: something over time."""

    bars: tuple[Bar, ...]
    most: int
    """What the top of the chart stands for."""
    total: int
    at_least: bool = False
    """There may be more than `total`."""
    width: int = _WIDTH
    height: int = _HEIGHT


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole."""

    x: float
    width: float
    kind: str
    """`good`, `bad`, `fail`, `open` or `calm`: its colour, never without its label."""
    label: str
    value: int
    share: str
    """Of the whole, such as `42 %`; empty where that is not known."""
    at_least: bool = False
    """The count ended here: there may be more."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Parts of a whole, beside each other."""

    parts: tuple[Part, ...]
    total: int
    at_least: bool = False
    """There may be more of one part or another, so that no share is known."""
    width: int = _WIDTH


def columns(values: Sequence[tuple[str, int]], *, cut: bool = False) -> Columns:
    """A column for each (label, value), in their order.

    `cut`: the newest alone were counted. What is before them is left out, for nobody knows whether it is
    nothing, and of the first one left there may be more.
    """
    if cut:
        first = next((place for place, (_, value) in enumerate(values) if value), 0)
        values = values[first:]
    most = _top(max((value for _, value in values), default=0))
    step = _WIDTH / max(1, len(values))
    bars = []
    for place, (label, value) in enumerate(values):
        # What is not nothing is seen.
        height = 0.0 if value == 0 else max(2.0, _HEIGHT * value / most)
        bars.append(
            Bar(
                x=round(place * step + _GAP / 2, 2),
                y=round(_HEIGHT - height, 2),
                width=round(step - _GAP, 2),
                height=round(height, 2),
                label=label,
                value=value,
                at_least=cut and place == 0,
            )
        )
    return Columns(tuple(bars), most, sum(value for _, value in values), cut)


def _top(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, … that is not below `most`."""
    top = 1
    while True:
        for factor in (1, 2, 5):
            if top * factor >= most:
                return top * factor
        top *= 10


def stack(values: Sequence[tuple[str, str, int, bool]]) -> Stack:
    """A part for each (kind, label, value, whether there may be more) that is not nothing."""
    some = [one for one in values if one[2]]
    total, x, parts = sum(value for _, _, value, _ in some), 0.0, []
    cut = any(more for *_, more in some)
    for kind, label, value, more in some:
        width = _WIDTH * value / total
        parts.append(
            Part(
                x=round(x, 2),
                width=round(max(2.0, width - 2), 2),
                kind=kind,
                label=label,
                value=value,
                share="" if cut else f"{round(100 * value / total)} %",
                at_least=more,
            )
        )
        x += width
    return Stack(tuple(parts), total, cut)
