"""The authorization endpoint (RFC 6749, 3.1): sign-in and consent, in a browser or played by a test."""

import secrets as randomness
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.testing.provider.authorization import answer_address, read_request
from connect_hub.testing.provider.clients import ProviderClient
from connect_hub.testing.provider.consent import ConsentDesk
from connect_hub.testing.provider.faults import Fault
from connect_hub.testing.provider.grants import AuthorizedRequest, GrantBook
from connect_hub.testing.provider.pages import Face, consent_page, error_page
from connect_hub.testing.provider.parameters import Parameters
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.refusal import PageRefusal, RedirectRefusal
from connect_hub.testing.provider.users import ProviderUser

__all__ = ["AuthorizationEndpoint"]

_COOKIE = "simulated_provider_browser"


class AuthorizationEndpoint:
    """Shows the consent page, and sends the browser back with a code or an error.

    Whoever is not a registered client with a registered redirect URI gets a page, never a redirect.
    """

    def __init__(
        self,
        *,
        clients: Mapping[str, ProviderClient],
        policy: ProviderPolicy,
        grants: GrantBook,
        desk: ConsentDesk,
        face: Face,
        issuer: Callable[[], str],
    ) -> None:
        self._clients = clients
        self._policy = policy
        self._grants = grants
        self._desk = desk
        self._face = face
        self._issuer = issuer

    def authorize(self, request: Request, query: Parameters, fault: Fault | None) -> Response:
        """GET: the page, bound by a cookie to this browser."""
        try:
            wanted = read_request(query, self._clients, self._policy)
        except PageRefusal as refusal:
            return self._page(refusal)
        except RedirectRefusal as refusal:
            return _redirect(self._refused(refusal))
        if fault is Fault.ACCESS_DENIED:
            return _redirect(self.answer(wanted, None, fault))
        # One cookie for all tabs: a second sign-in does not break the first.
        browser = request.cookies.get(_COOKIE) or randomness.token_urlsafe(24)
        response = consent_page(
            face=self._face,
            client=wanted.client.name,
            scopes=[self._policy.scopes[scope] for scope in wanted.scopes],
            request_id=self._desk.open(wanted, fault, browser),
        )
        secure = urlsplit(self._issuer()).scheme == "https"
        response.set_cookie(_COOKIE, browser, path="/oauth", secure=secure, httponly=True, samesite="lax")
        return response

    def consent(self, request: Request, form: Parameters, _: Fault | None) -> Response:
        """POST from that page: `request`, `decision` (allow, deny), `user` or `other_user`."""
        try:
            if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
                raise PageRefusal("This form was not sent from this page.", 403)
            user = _chosen(form)
            wanted, fault = self._desk.close(form.get("request") or "", request.cookies.get(_COOKIE))
        except PageRefusal as refusal:
            return self._page(refusal)
        return _redirect(self.answer(wanted, user, fault))

    def played(self, authorization_url: str, user: ProviderUser | None, fault: Fault | None) -> str:
        """What `authorize` and `consent` together answer a person who needs no pages; None denies.

        Raises ValueError where there would be an error page.
        """
        try:
            query = Parameters.parse(urlsplit(authorization_url).query)
            wanted = read_request(query, self._clients, self._policy)
        except PageRefusal as refusal:
            raise ValueError(refusal.message) from None
        except RedirectRefusal as refusal:
            return self._refused(refusal)
        return self.answer(wanted, None if fault is Fault.ACCESS_DENIED else user, fault)

    def answer(self, wanted: AuthorizedRequest, user: ProviderUser | None, fault: Fault | None) -> str:
        """The address to send the browser to: a code for `user`, or `access_denied` for None."""
        state = wanted.state
        if fault is Fault.WRONG_STATE:
            state = randomness.token_urlsafe(24)
        if user is None:
            return self._address(
                RedirectRefusal(wanted.redirect_uri, state, "access_denied", "You denied the access."), fault
            )
        code = self._grants.issue_code(wanted, user)
        return answer_address(wanted.redirect_uri, {"code": code, "state": state, "iss": self._iss(fault)})

    def _refused(self, refusal: RedirectRefusal) -> str:
        return self._address(refusal, None)

    def _address(self, refusal: RedirectRefusal, fault: Fault | None) -> str:
        answer = {
            "error": refusal.error,
            "error_description": refusal.description,
            "state": refusal.state,
            "iss": self._iss(fault),
        }
        return answer_address(refusal.redirect_uri, answer)

    def _iss(self, fault: Fault | None) -> str | None:
        if fault is Fault.WRONG_ISS:
            return "https://attacker.example"
        return self._issuer() if self._policy.send_iss and fault is not Fault.NO_ISS else None

    def _page(self, refusal: PageRefusal) -> Response:
        return error_page(face=self._face, message=refusal.message, status=refusal.status)


def _chosen(form: Parameters) -> ProviderUser | None:
    decision = form.get("decision")
    if decision == "deny":
        return None
    if decision != "allow":
        raise PageRefusal("Go back and choose Allow or Deny.", 422)
    try:
        return ProviderUser((form.get("other_user") or form.get("user") or "").strip())
    except ValueError:
        raise PageRefusal("Go back and say who you are: a name of 1 to 100 letters.", 422) from None


def _redirect(address: str) -> Response:
    # 303, so that no browser repeats the form to the client (RFC 9700, 4.12).
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(address, 303, headers)
