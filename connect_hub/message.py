"""`Message`: an English text that people read, and that can be said in their own language later."""

from collections.abc import Mapping
from typing import Self

__all__ = ["Message"]


class Message(str):
    """A text of the catalogue.

    It is the English sentence with its parameters filled in, and works as any other string, on the wire and
    in logs. It remembers the entry (`msgid`) and the parameters that it was made of, so that the pages can
    say it in another language. Parameters stand in it as `%(name)s`; one that is a Message is translated as
    well, any other stays as it is. Texts are collected for the catalogue by this name: give it a literal.
    """

    __slots__ = ("msgid", "params")

    msgid: str
    params: Mapping[str, object]

    def __new__(cls, msgid: str, /, **params: object) -> Self:
        self = super().__new__(cls, msgid % params if params else msgid)
        self.msgid = msgid
        self.params = params
        return self
