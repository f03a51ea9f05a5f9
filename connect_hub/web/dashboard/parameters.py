"""Parameters of an address that tell of the moment: a way to the page, or on from it, leaves them out."""

__all__ = ["OF_THE_MOMENT", "WAS_DONE", "WATCHING"]

WAS_DONE = "done"
"""What was just done, by its name in `labels.DONE`."""
WATCHING = "watching"
"""The page's script loads it anew, as what it shows has changed: nobody may be there."""
OF_THE_MOMENT = frozenset({WAS_DONE, WATCHING})
