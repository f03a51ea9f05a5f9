"""`Typed`: what a person typed into a form, kept out of sight until it has been read."""

from collections.abc import Mapping

__all__ = ["Typed"]


class Typed:
    """The values of a form by field key, some of them secret, nobody has looked yet which.

    Not a mapping, and without them in its repr: error reporters write down the local variables of every
    frame that an error passes through.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def reveal(self) -> Mapping[str, str]:
        """The values. Call it where they are read, and keep the result in no variable."""
        return self._values

    def __repr__(self) -> str:
        return "Typed('**********')"
