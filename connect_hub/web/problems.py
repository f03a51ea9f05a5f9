"""Dead ends: what a person reads when something did not work, and the way out."""

import secrets
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ConnectHubError, LinkRefused
from connect_hub.message import Message
from connect_hub.web.contexts import Form, Problem
from connect_hub.web.errors import error_headers, status_of, told_code
from connect_hub.web.site import Site

__all__ = ["problem_response", "problem_texts"]


class _Words(NamedTuple):
    """What a person reads of one error."""

    title: str
    text: str | None = None
    """None: the error's own message. Texts about tables and keys are for the host's log."""
    advice: str = ""


_ASK = Message("Ask whoever sent you the link for a new one.")
_REOPEN = Message("Open the link again from the original message.")
_NOT_HERE = _Words(
    Message("We could not find this page"), Message("There is nothing at this address."), _REOPEN
)
_NOT_OFFERED = _Words(
    Message("This integration is not available"),
    Message("It is not offered through this link."),
    Message("Ask whoever sent you the link."),
)
_SHORTEN = Message("Go back, shorten what you entered if it is long, and send the form once more.")
_TOO_MUCH = Message("This is too much to send at once")
_UNREADABLE = _Words(Message("This form could not be read"), _SHORTEN)
_WORDS = {
    "account_not_found": _Words(
        Message("This account is gone"),
        Message("The account that this link was made for is not there any more."),
        _ASK,
    ),
    "attempt_not_found": _Words(
        _NOT_HERE.title, Message("This page belongs to another visit, or is not kept any more."), _REOPEN
    ),
    "binding_refused": _Words(Message("This link is not for you")),
    "connector_inactive": _NOT_OFFERED,
    "connector_not_found": _NOT_OFFERED,
    "cookie_missing": _Words(Message("Your browser did not send our cookie")),
    "cross_site_request": _Words(Message("This form came from somewhere else")),
    "form_expired": _Words(Message("This page was open for too long"), Message("Go back and try once more.")),
    "headers_too_large": _Words(
        _TOO_MUCH,
        Message("Delete the cookies that your browser has of this site, then open the link again."),
    ),
    "link_expired": _Words(Message("This link has expired"), _ASK),
    "link_not_found": _Words(Message("This link does not work")),
    "link_refused": _Words(Message("This account could not be linked")),
    "link_revoked": _Words(Message("This link was withdrawn"), _ASK),
    "link_used": _Words(Message("This link has been used"), _ASK),
    "method_not_allowed": _NOT_HERE,
    "not_found": _NOT_HERE,
    "operator_required": _Words(Message("You are not signed in as an operator")),
    "payload_too_large": _Words(_TOO_MUCH, _SHORTEN),
    "rate_limited": _Words(Message("Too many tries"), Message("Wait a minute, then try again.")),
    "role_required": _Words(Message("Your role does not allow this")),
    "state_invalid": _Words(Message("This sign-in cannot be finished")),
    "storage_unavailable": _Words(Message("We are having trouble right now")),
    "unsupported_media_type": _UNREADABLE,
    "validation_error": _UNREADABLE,
    "visit_expired": _Words(Message("You were away for a while"), Message("Open the link again to go on.")),
}
_AGAIN = Message("Reload the page and begin again.")
_WORDS_IN_FRAMES = {
    "account_not_found": _Words(_WORDS["account_not_found"].title, _AGAIN),
    "attempt_not_found": _Words(_NOT_HERE.title, _AGAIN),
    "binding_refused": _Words(
        Message("This is not for you"),
        Message("It was made for somebody else. Sign in as that person and begin again."),
    ),
    "connector_inactive": _Words(_NOT_OFFERED.title, _AGAIN),
    "connector_not_found": _Words(_NOT_OFFERED.title, _AGAIN),
    "cookie_missing": _Words(
        _WORDS["cookie_missing"].title,
        Message("Allow cookies for this site, then reload the page and begin again."),
    ),
    "cross_site_request": _Words(_WORDS["cross_site_request"].title, _AGAIN),
    "link_expired": _Words(Message("This session has expired"), _AGAIN),
    "link_not_found": _Words(Message("This cannot be opened"), _AGAIN),
    "link_revoked": _Words(Message("This session was withdrawn"), _AGAIN),
    "link_used": _Words(Message("This session has been used"), _AGAIN),
    "method_not_allowed": _Words(_NOT_HERE.title, _AGAIN),
    "not_found": _Words(_NOT_HERE.title, _AGAIN),
    "visit_expired": _Words(_WORDS["visit_expired"].title, _AGAIN),
}
"""In a frame of the host's page, where nobody has a link."""
_UNKNOWN = _Words(Message("This did not work"))
_LATER = Message("Please try again in a moment. Nothing was saved.")
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
    title, text, advice = map(site.language(request).text, problem_texts(error, framed=site.framed))
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


def problem_texts(error: ConnectHubError, *, framed: bool = False) -> tuple[str, str, str]:
    """(title, text, advice) of an error's page, to be translated; text and advice may be empty.

    `framed`: the page stands in a frame of the host's page.
    """
    code = told_code(error)
    words = (_WORDS_IN_FRAMES.get(code) if framed else None) or _WORDS.get(code, _UNKNOWN)
    return words.title, _text(error, words), words.advice


def _text(error: ConnectHubError, words: _Words) -> str:
    status = status_of(error)
    if status == 503:
        return _LATER
    if status >= 500:
        return _INTERNAL
    if words.text is not None:
        return words.text
    if isinstance(error, LinkRefused) and error.message == LinkRefused().message:
        return ""  # the host's callback gave no reason, and the title says the rest
    return error.message
