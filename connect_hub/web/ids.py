"""Ids out of paths. One that cannot be is not worth a query, and a database may choke on it."""

import re

from starlette.requests import Request

from connect_hub.errors import AccountNotFound, SessionNotFound

__all__ = ["account_id_of", "session_id_of"]


def account_id_of(request: Request) -> str:
    """The path's account. Raises AccountNotFound for what is no id."""
    text: str = request.path_params["account_id"]
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) is None:
        raise AccountNotFound
    return text


def session_id_of(request: Request) -> int:
    """The path's connect session. Raises SessionNotFound for what is no id."""
    text: str = request.path_params["session_id"]
    if re.fullmatch(r"[0-9]{1,16}", text) is None or int(text) >= 2**53:
        raise SessionNotFound
    return int(text)
