"""Dead ends: what an operator reads when something could not be shown or done, and the way on."""

import re
from typing import NamedTuple

from starlette.requests import Request

from connect_hub.errors import ConnectHubError, OperatorRequired, RoleRequired, ValidationFailed
from connect_hub.message import Message
from connect_hub.web.errors import told_code
from connect_hub.web.problems import problem_texts

__all__ = ["DeadEnd", "dead_end", "wrong_parts"]

_PART = re.compile("[a-z_]{1,40}")


class DeadEnd(NamedTuple):
    """What is said, and where it leads: to a route, with the words for that."""

    title: str
    text: str
    back: str = Message("Back to the dashboard")
    route: str = "dashboard"
    param: str = ""
    """What the route takes of the address, besides the project."""


_ACCOUNTS = Message("Back to the accounts"), "dashboard_accounts"
_AUDIT = Message("Back to the audit log"), "dashboard_audit"
_CONNECTORS = Message("Back to the connectors"), "dashboard_connectors"
_LINKS = Message("Back to the links"), "dashboard_links"
_WEBHOOKS = Message("Back to the webhooks"), "dashboard_webhooks"
_STILL_THERE = {
    "account_id": (Message("Back to the account"), "dashboard_account"),
    "endpoint_id": (Message("Back to the endpoint"), "dashboard_webhook"),
    "delivery_id": (Message("Back to the delivery"), "dashboard_delivery"),
    "provider": (Message("Back to the connector"), "dashboard_connector"),
}
"""The way to what the address names, by its parameter: for what cannot be done with it."""
_STILL_THERE_CODES = {
    "account_conflict",
    "connector_inactive",
    "connector_read_only",
    "endpoint_disabled",
    "endpoint_read_only",
}
_EXPORTS = {"/accounts.csv": _ACCOUNTS, "/audit.csv": _AUDIT}
_IN_CODE, _THERE = Message("This is set in code"), Message("Nothing was done. Change it there.")
_CUT = Message("This address was cut or changed. Clear the filters to begin again.")
_NOT_HERE = DeadEnd(
    Message("There is no such page"),
    Message("The address was cut or changed, or it is of a project that you have no role in."),
)
_DEAD_ENDS = {
    "account_conflict": DeadEnd(
        Message("This customer has such an account already"),
        Message("Of each provider and type a customer has one account. Disconnect one of the two first."),
        *_ACCOUNTS,
    ),
    "account_not_found": DeadEnd(
        Message("There is no such account"),
        Message("It may have been disconnected, or the address was cut or changed."),
        *_ACCOUNTS,
    ),
    "connector_inactive": DeadEnd(
        Message("This connector is off"),
        Message("It is disabled on this project, or has no OAuth client. An administrator can change that."),
        *_CONNECTORS,
    ),
    "connector_not_found": DeadEnd(
        Message("There is no such connector"),
        Message("It may have been removed in code, or the address was cut or changed."),
        *_CONNECTORS,
    ),
    "connector_read_only": DeadEnd(_IN_CODE, _THERE, *_CONNECTORS),
    "cross_site_request": DeadEnd(
        Message("This was not asked for on a page of the dashboard"),
        Message("Nothing was done. Open the page again, and use its own buttons."),
    ),
    "delivery_not_found": DeadEnd(
        Message("There is no such delivery"),
        Message("It may be too old to be kept, or the address was cut or changed."),
        *_WEBHOOKS,
    ),
    "endpoint_disabled": DeadEnd(
        Message("This endpoint is disabled"), Message("Nothing was done. Enable it first."), *_WEBHOOKS
    ),
    "endpoint_not_found": DeadEnd(
        Message("There is no such endpoint"),
        Message("It may have been deleted, or the address was cut or changed."),
        *_WEBHOOKS,
    ),
    "endpoint_read_only": DeadEnd(_IN_CODE, _THERE, *_WEBHOOKS),
    "form_expired": DeadEnd(
        Message("This form was open for too long"),
        Message("Nothing was done. Open its page anew, and send the form once more."),
    ),
    "method_not_allowed": _NOT_HERE,
    "not_found": _NOT_HERE,
    "role_required": DeadEnd(
        Message("Your role does not allow this"), Message("Ask an administrator of this project.")
    ),
    "session_not_found": DeadEnd(
        Message("There is no such link"),
        Message("It may be too old to be kept, or the address was cut or changed."),
        *_LINKS,
    ),
}


_ROLE_REQUIRED_TO_DO = DeadEnd(
    _DEAD_ENDS["role_required"].title, Message("Nothing was done. Ask an administrator of this project.")
)


def dead_end(error: ConnectHubError, request: Request, product: str) -> DeadEnd:
    """The words for `error` and the way on, to be translated. `product`: whose dashboard it is."""
    if isinstance(error, OperatorRequired):
        return _no_operator(error, product)
    if isinstance(error, ValidationFailed) and request.method != "POST":
        return _filters(error, request.url.path)
    if isinstance(error, RoleRequired) and request.method == "POST":
        return _ROLE_REQUIRED_TO_DO
    known = _DEAD_ENDS.get(told_code(error))
    if known is None:
        title, text, _ = problem_texts(error)
        return DeadEnd(title, text)
    if known.route != "dashboard" and "project" not in request.path_params:
        return DeadEnd(known.title, known.text)
    if told_code(error) in _STILL_THERE_CODES:
        for param, (back, route) in _STILL_THERE.items():
            if param in request.path_params:
                return DeadEnd(known.title, known.text, back, route, param)
    return known


def _no_operator(error: OperatorRequired, product: str) -> DeadEnd:
    """No way back into the dashboard, which would lead here again."""
    text = Message(
        "You are not signed in, or have no role here. Ask an administrator of %(name)s.", name=product
    )
    if error.signed_in:
        text = Message(
            "You are signed in, but have no role here. Ask an administrator of %(name)s.", name=product
        )
    return DeadEnd(Message("This dashboard is not open to you"), text, "", "")


def wrong_parts(error: ValidationFailed) -> list[str]:
    """The parts of the address that are wrong and can be named on a page: whoever wrote the address chose
    the others' names, which may be words of their own (T2)."""
    return [name for name in dict.fromkeys(detail.field for detail in error.details) if _PART.fullmatch(name)]


def _filters(error: ValidationFailed, path: str) -> DeadEnd:
    names = ", ".join(wrong_parts(error))
    title, text = Message("These filters cannot be used"), _CUT
    if names:
        text = Message("This part of the address is wrong: %(names)s. Choose the filters anew.", names=names)
    for export, back in _EXPORTS.items():
        if path.endswith(export):
            return DeadEnd(title, text, *back)
    return DeadEnd(title, text)
