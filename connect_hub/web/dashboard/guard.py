"""Who may use the dashboard: the one place that lets an operator in to a page or an action."""

import inspect
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.requests import Request

from connect_hub.audit import Actor, ActorKind, act_as
from connect_hub.dashboard import OperatorTokens
from connect_hub.errors import NotFound, OperatorRequired, RoleRequired
from connect_hub.identity import SignIn
from connect_hub.operators import NoOperator, Operator, Role
from connect_hub.web.body import read_form
from connect_hub.web.contexts import Form
from connect_hub.web.dashboard.cookies import OperatorCookie
from connect_hub.web.dashboard.host_answer import checked_operator
from connect_hub.web.guards import refuse_cross_site
from connect_hub.web.site import Site
from connect_hub.web.visitor import visitor_of

__all__ = ["Desk", "Fields", "Guard", "Least", "SignInFirst", "is_name"]

_FORM_AGE = timedelta(hours=12)
"""Of a form that is bound to no sign-in of ours: the host's may last for ever."""
_PURPOSE = "dashboard"
_PROMPT = 1.0
"""Seconds in which a form is read; whoever holds one back is looked at again."""
_NAME = re.compile(r"[!-~]{1,255}")

Fields = dict[str, str]
"""What a form was sent with."""
Least = Role | Mapping[str, Role]
"""The least role that may; where the address ends with an action, that of each action."""


def is_name(text: str) -> bool:
    """Whether it may be a project, a row or an action. What is not is none of them, and not worth a query: a
    database may choke on it."""
    return _NAME.fullmatch(text) is not None


class SignInFirst(Exception):
    """Nobody is signed in. A person is sent to the sign-in at `url`; a program is told OperatorRequired."""

    def __init__(self, url: str) -> None:
        super().__init__("nobody is signed in")
        self.url = url


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator in one project: what a handler gets once the guard has let somebody in."""

    operator: Operator
    project: str
    role: Role
    binding: str = field(repr=False)

    def may(self, wanted: Role) -> bool:
        """Whether their role allows what `wanted` may do."""
        return self.role.covers(wanted)


class Guard:
    """Asks the host, or the hub's own table, at every request."""

    def __init__(self, site: Site) -> None:
        config = site.core.config.dashboard
        assert config is not None
        self._site = site
        self._auth = config.auth
        # What was typed in a form is taken as long as the sign-in lasts to which it is bound.
        self._form_age = config.auth.absolute if isinstance(config.auth, OperatorTokens) else _FORM_AGE
        self.cookie = OperatorCookie(site.core.public_url)

    @property
    def by_token(self) -> bool:
        """Whether operators sign in on the hub's own page."""
        return isinstance(self._auth, OperatorTokens)

    def address(self, request: Request) -> str:
        """From where the request comes, for the audit log and for rates."""
        return self._site.client_address(request)

    async def operator(self, request: Request, *, watching: bool = False) -> tuple[Operator, str]:
        """Who is signed in, and what their forms are bound to.

        `watching`: a page's script asks, and nobody may be there; a sign-in by token lasts no longer for it.
        Raises SignInFirst or OperatorRequired; RateLimited; ConfigurationError for an answer of the host's
        that is none.
        """
        self._site.limiters.clients.spend(self.address(request))
        operator, binding = await self._found(request, watching)
        self._site.limiters.operators.spend(operator.id)
        act_as(Actor(ActorKind.OPERATOR, operator.id, operator.name, self.address(request)))
        return operator, binding

    async def _found(self, request: Request, watching: bool) -> tuple[Operator, str]:
        if isinstance(self._auth, OperatorTokens):
            cookie = self.cookie.read(request)
            if cookie is not None:
                signed_in = await self._site.flows.operators.signed_in(cookie, self._auth, watching=watching)
                if signed_in is not None:
                    return signed_in.operator, signed_in.binding
            raise SignInFirst(self._site.urls.path("dashboard_sign_in"))
        answer = self._auth(visitor_of(request))
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, SignIn):
            raise SignInFirst(answer.url)
        if isinstance(answer, NoOperator):
            raise OperatorRequired.of(answer.sign_in)
        if answer is None:
            raise OperatorRequired
        return checked_operator(answer), ""

    async def enter(self, request: Request, least: Least, *, watching: bool = False) -> Desk:
        """Let the operator in to the project of the address, for what `least` may do.

        Raises what `operator` raises; NotFound for a project that is none of theirs, as for one that is not
        there, and for an address that names nothing; RoleRequired.
        """
        operator, binding = await self.operator(request, watching=watching)
        if not all(is_name(name) for name in request.path_params.values()):
            raise NotFound
        project: str = request.path_params["project"]
        role = operator.role(project) if project in self._site.core.config.projects else None
        if role is None:
            raise NotFound
        wanted = least if isinstance(least, Role) else least.get(request.path_params["action"])
        if wanted is None:
            raise NotFound
        if not role.covers(wanted):
            raise RoleRequired
        return Desk(operator, project, role, binding)

    async def look_again(self, request: Request, desk: Desk) -> None:
        """In the middle of a long answer: raises SignInFirst, OperatorRequired or RoleRequired, unless they
        are still there with the same roles. It is no use of the sign-in, which would else last as long as a
        download."""
        operator, _ = await self._found(request, watching=True)
        if (operator.id, operator.roles) != (desk.operator.id, desk.operator.roles):
            raise RoleRequired

    def form(self, desk: Desk, action: str, *hidden: tuple[str, str]) -> Form:
        """A form of this operator's, bound to the project and the browser."""
        nonce = self._site.core.nonces.make(_PURPOSE, desk.operator.id, desk.binding, desk.project)
        return Form(action, (("nonce", nonce), *hidden))

    async def posted(self, request: Request, least: Least) -> tuple[Desk, Fields]:
        """Let in as `enter` does, whoever sent a form of ours; once more if it was long in coming, as a role
        may have been taken away meanwhile. Raises CrossSiteRequest, FormExpired."""
        refuse_cross_site(request, self._site.core.public_url)
        desk, begun = await self.enter(request, least), time.monotonic()
        fields = await read_form(request)
        if time.monotonic() - begun > _PROMPT:
            desk = await self.enter(request, least)
        self._site.core.nonces.check(
            fields.pop("nonce", ""),
            _PURPOSE,
            desk.operator.id,
            desk.binding,
            desk.project,
            max_age=self._form_age,
        )
        return desk, fields
