"""Dead ends: what a person reads when something did not work, and the way out."""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ConnectHubError
from connect_hub.message import Message
from connect_hub.web.contexts import Form, Problem
from connect_hub.web.errors import error_headers, status_of, told_code
from connect_hub.web.site import Site

__all__ = ["problem_response", "problem_texts"]

_TITLES = {
    "account_not_found": Message("This account is gone"),
    "attempt_not_found": Message("We could not find this page"),
    "binding_refused": Message("This link is not for you"),
    "connector_inactive": Message("This integration is not available"),
    "connector_not_found": Message("This integration is not available"),
    "cookie_missing": Message("Your browser did not send our cookie"),
    "cross_site_request": Message("This form came from somewhere else"),
    "form_expired": Message("This page was open for too long"),
    "headers_too_large": Message("This is too much to send at once"),
    "link_expired": Message("This link has expired"),
    "link_not_found": Message("This link does not work"),
    "link_refused": Message("This account could not be linked"),
    "link_revoked": Message("This link was withdrawn"),
    "link_used": Message("This link has been used"),
    "method_not_allowed": Message("We could not find this page"),
    "not_found": Message("We could not find this page"),
    "operator_required": Message("You are not signed in as an operator"),
    "payload_too_large": Message("This is too much to send at once"),
    "rate_limited": Message("Too many tries"),
    "role_required": Message("Your role does not allow this"),
    "state_invalid": Message("This sign-in cannot be finished"),
    "storage_unavailable": Message("We are having trouble right now"),
    "unsupported_media_type": Message("This form could not be read"),
    "validation_error": Message("This form could not be read"),
    "visit_expired": Message("You were away for a while"),
}
_ADVICE = {
    "account_not_found": Message("Ask whoever sent you the link for a new one."),
    "attempt_not_found": Message("Open the link again from the original message."),
    "connector_inactive": Message("Ask whoever sent you the link."),
    "connector_not_found": Message("Ask whoever sent you the link."),
    "method_not_allowed": Message("Open the link again from the original message."),
    "not_found": Message("Open the link again from the original message."),
}
_ASK = Message("Ask whoever sent you the link for a new one.")
_NEXT = {
    "form_expired": Message("Go back and try once more."),
    "link_expired": _ASK,
    "link_revoked": _ASK,
    "link_used": _ASK,
    "rate_limited": Message("Wait a minute, then try again."),
    "visit_expired": Message("Open the link again to go on."),
}
"""What stands under a title that says already what the error's own text begins with."""
_UNKNOWN = Message("This did not work")
_INTERNAL = Message("Something went wrong on our side. Nothing was saved that you did not see confirmed.")


def problem_response(
    site: Site,
    request: Request,
    error: ConnectHubError,
    *,
    reference: str | None = None,
    renew: Form | None = None,
    retry_url: str | None = None,
) -> Response:
    """The page of an error, with the error's status."""
    status = status_of(error)
    title, text, advice = map(site.language(request).text, problem_texts(error))
    context = Problem(
        title=title,
        text=text,
        advice=advice,
        code=told_code(error),
        reference=reference or secrets.token_hex(4),
        renew=renew,
        retry_url=retry_url,
    )
    return site.page(request, context, status, error_headers(error))


def problem_texts(error: ConnectHubError) -> tuple[str, str, str]:
    """(title, text, advice) of an error's page, to be translated; the advice may be empty."""
    code = told_code(error)
    return _TITLES.get(code, _UNKNOWN), _text(error), _ADVICE.get(code, "")


def _text(error: ConnectHubError) -> str:
    """What to tell a customer; texts about tables and keys are for the host's log."""
    status = status_of(error)
    if status == 503:
        return Message("Please try again in a moment. Nothing was saved.")
    if status >= 500:
        return _INTERNAL
    if error.code in _NEXT:
        return _NEXT[error.code]
    if error.message == _TITLES.get(error.code, "") + ".":
        return ""
    if error.code in {"not_found", "method_not_allowed"}:
        return Message("There is nothing at this address.")
    if error.code in {"payload_too_large", "unsupported_media_type", "validation_error"}:
        return Message("Go back, shorten what you entered if it is long, and send the form once more.")
    if error.code == "headers_too_large":
        return Message("Delete the cookies that your browser has of this site, then open the link again.")
    if error.code == "account_not_found":
        return Message("The account that this link was made for is not there any more.")
    if error.code in {"connector_not_found", "connector_inactive"}:
        return Message("It is not offered through this link.")
    if error.code == "attempt_not_found":
        return Message("This page belongs to another visit, or is not kept any more.")
    return error.message
