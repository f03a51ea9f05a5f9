"""What JSON can say."""

__all__ = ["Json"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
