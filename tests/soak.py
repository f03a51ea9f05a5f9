"""How often the tests repeat what chance decides: a little every day, much in `scripts/soak`."""

import os
import sys
from collections.abc import Callable

import pytest

__all__ = ["FACTOR", "rounds", "say"]

FACTOR = int(os.environ.get("SOAK_FACTOR", "1"))


def rounds(routine: int) -> int:
    """`routine` in the daily run, so many times more in a soak."""
    return routine * FACTOR


@pytest.fixture
def say() -> Callable[[str], None]:
    """Tells whoever runs `scripts/soak` what was counted; pytest keeps it to itself otherwise."""

    def write(line: str) -> None:
        sys.stdout.write(f"\n{line}\n")

    return write
