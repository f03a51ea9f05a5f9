"""Create Auth Link: the form, what is asked before a link is made, and the link."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import (
    AccountNotFound,
    ConnectorInactive,
    FieldError,
    IdempotencyKeyReused,
    ValidationFailed,
)
from connect_hub.flows.requests import CreateSession, parse
from connect_hub.flows.sessions import IssuedSession
from connect_hub.message import Message
from connect_hub.models import Account, SessionStatus
from connect_hub.web.contexts import Form
from connect_hub.web.dashboard.contexts import NewLink, Question
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields, is_name
from connect_hub.web.dashboard.labels import ACCOUNT_GONE
from connect_hub.web.dashboard.link_fields import link_fields
from connect_hub.web.dashboard.made import link_made
from connect_hub.web.untrusted import Untrusted, clean
from connect_hub.web.urls import with_query

__all__ = ["NewLinkPages"]

_DAYS = (1, 3, 5, 7, 14, 30)
_DAY = timedelta(days=1)
_ONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_ENABLED = Message("This provider is not enabled on this project. Choose another one.")
_SHOWN_AS = {"categories": "category", "expires_in": "days"}
"""By the session's field, the form's."""
_WHOLE, _ON_A_BUTTON = 255, 40
"""Characters of what a tenant wrote that a question shows."""
_KEPT = ("account", "once", "keep_id", "keep_name")
"""What the form sends besides its fields. The last two: for which id, and for which id and name, a question
was answered; of another one it is asked anew."""


class NewLinkPages(Pages):
    """Handlers of `/dashboard/in/{project}/links/new`."""

    async def page(self, request: Request, desk: Desk) -> Response:
        """The empty form; with `account`, that of a reconnect link."""
        values = {"once": secrets.token_urlsafe(16), "days": str(self._days()[0])}
        account_id = request.query_params.get("account", "")
        if account_id:
            account = await self._account(desk, account_id)
            if account is None:
                raise AccountNotFound
            values |= {
                "account": account.id,
                "origin_owner_id": account.origin_owner_id,
                "origin_owner_name": account.origin_owner_name,
                "origin_username": account.origin_username or "",
            }
        return self.show(request, await self._page(request, desk, values))

    async def _account(self, desk: Desk, account_id: str) -> Account | None:
        """What is to be reconnected; None: there is none of this id."""
        if not is_name(account_id):
            return None
        with suppress(AccountNotFound):
            return await self.flows.accounts.get(account_id, project=desk.project)
        return None

    async def create(self, request: Request, desk: Desk, values: Fields) -> Response:
        """The link, or the form again with all that was typed."""
        if values.get("account"):  # whose it is and of what, it says itself
            account = await self._account(desk, values["account"])
            if account is not None:
                fixed = {"origin_owner_id": account.origin_owner_id, "provider": account.provider}
                values = {**values, **fixed, "keep_id": account.origin_owner_id, "category": ""}
        if values.get("change"):  # instead of an answer to a question
            return self.show(request, await self._page(request, desk, values))
        question = self._spaces(request, desk, values) or await self._other_name(request, desk, values)
        if question is not None:
            page = replace(await self._page(request, desk, values), question=question)
            return self.show(request, page, 422)
        say = self.say(request)
        try:
            issued = await self._create(desk, values)
        except (ConnectorInactive, ValidationFailed) as error:
            details = error.details if isinstance(error, ValidationFailed) else ()
            errors = self.refusals(request, details, values)
            offered = {"", *await self.core.offer(desk.project)}
            if isinstance(error, ConnectorInactive) or values.get("provider", "") not in offered:
                off = await self.why_off(desk, values.get("provider", ""))
                errors["provider"] = say(off if values.get("account") else _NOT_ENABLED)
            return await self._refused(request, desk, values, errors)
        return link_made(self, request, desk, issued)

    async def _refused(
        self, request: Request, desk: Desk, values: Mapping[str, str], errors: Mapping[str, str]
    ) -> Response:
        """The form again: what is wrong with a field stands there, and anything else above them all."""
        named = {_SHOWN_AS.get(name, name): text for name, text in errors.items()}
        page = await self._page(request, desk, values, named)
        shown = {field.name for field in page.fields}
        rest = [text for name, text in named.items() if name not in shown]
        if "account_id" in named:
            rest = [self.say(request)(ACCOUNT_GONE)]
        return self.show(request, replace(page, refusal=" ".join(dict.fromkeys(rest))), 422)

    async def _create(self, desk: Desk, values: Mapping[str, str]) -> IssuedSession:
        fields: dict[str, object] = {
            name: values[name]
            for name in ("origin_owner_id", "origin_owner_name", "origin_username", "provider")
            if values.get(name, "").strip()
        }
        if values.get("category"):
            fields["categories"] = [values["category"]]
        if values.get("account"):
            fields["account_id"] = values["account"]
        days = values.get("days", "")
        if days not in {str(number) for number in self._days()}:
            raise ValidationFailed(FieldError("days", "is none of these"))
        fields["expires_in"] = int(timedelta(days=int(days)).total_seconds())
        request = parse(CreateSession, fields)
        # The same form again, by Reload or a double click, is the same link.
        scope = hashlib.sha256(f"operator {desk.operator.id}".encode()).hexdigest()[:40]
        body = repr(sorted(fields.items())).encode()
        once = values.get("once", "")
        key = once if _ONCE.fullmatch(once) else "-"
        with suppress(IdempotencyKeyReused):  # Back, and something else typed
            issued = await self.flows.sessions.create_from(
                request, project=desk.project, idempotency=(scope, key, body)
            )
            if issued.session.status(self.core.clock.now()) is SessionStatus.OPEN:
                return issued
        return await self.flows.sessions.create_from(request, project=desk.project)

    def _days(self) -> tuple[int, ...]:
        """Lifetimes to choose from, the configured one first."""
        links = self.core.config.links
        longest, usual = links.max_lifetime // _DAY, max(1, links.link_lifetime // _DAY)
        return (usual, *(days for days in _DAYS if days <= longest and days != usual))

    # --- what is asked first ---

    def _spaces(self, request: Request, desk: Desk, values: dict[str, str]) -> Question | None:
        """An id with spaces at its ends is mostly a slip, and then no account is ever found by it."""
        typed = values.get("origin_owner_id", "")
        trimmed = typed.strip()
        if typed == trimmed or not trimmed or values.get("keep_id") == typed:
            return None
        say = self.say(request)
        return Question(
            text=say(
                Message(
                    "The origin owner ID has spaces at its ends. It has to match your system precisely: do "
                    "you mean “%(trimmed)s”?",
                    trimmed=clean(trimmed, _WHOLE, exact=True),
                )
            ),
            yes=say(Message("Use “%(trimmed)s”", trimmed=clean(trimmed, _ON_A_BUTTON, exact=True))),
            yes_form=self._form(desk, {**values, "origin_owner_id": trimmed}),
            no=say(Message("Keep the spaces")),
            no_form=self._form(desk, {**values, "keep_id": typed}),
            change_form=self._form(desk, {**values, "change": "1"}),
        )

    async def _other_name(self, request: Request, desk: Desk, values: dict[str, str]) -> Question | None:
        """The same id under another name may be another customer's."""
        owner_id, name = values.get("origin_owner_id", ""), values.get("origin_owner_name", "").strip()
        kept = f"{owner_id} {name}"
        if not owner_id.strip() or not name or values.get("keep_name") == kept or "\x00" in owner_id:
            return None
        doubts = await self.flows.owners.doubts(owner_id, origin_owner_name=name, project=desk.project)
        known = doubts.known_name
        if known is None:
            return None
        say = self.say(request)
        return Question(
            text=say(
                Message(
                    "The origin owner ID “%(id)s” is known under the name “%(known)s”. Is it the same "
                    "customer?",
                    id=clean(owner_id, _WHOLE, exact=True),
                    known=clean(known, exact=True),
                )
            ),
            yes=say(Message("Use the name “%(known)s”", known=clean(known, _ON_A_BUTTON, exact=True))),
            yes_form=self._form(desk, {**values, "origin_owner_name": known}),
            no=say(Message("Use the new name")),
            no_form=self._form(desk, {**values, "keep_name": kept}),
            change_form=self._form(desk, {**values, "change": "1"}),
        )

    # --- the form ---

    def _form(self, desk: Desk, values: Mapping[str, str]) -> Form:
        account = values.get("account", "")
        url = with_query(
            self.path(desk, "dashboard_new_link"), [("account", account if is_name(account) else "")]
        )
        return self.guard.form(desk, url, *((name, value) for name, value in values.items() if value))

    async def _page(
        self,
        request: Request,
        desk: Desk,
        values: Mapping[str, str],
        errors: Mapping[str, str] = MappingProxyType({}),
    ) -> NewLink:
        say = self.say(request)
        kept = {name: values[name] for name in _KEPT if values.get(name)}
        account_id = values.get("account", "")
        account = await self._account(desk, account_id) if account_id else None
        back = (
            self.path(desk, "dashboard_account", account_id=quote(account_id, safe=""))  # whatever was posted
            if account_id
            else self.path(desk, "dashboard_accounts")
        )
        offer = await self.core.offer(desk.project)
        connectors = sorted((offer.get(key) for key in offer), key=lambda one: one.name.casefold())
        provider = None if account is None else self.provider(account.provider).name
        refusal = ""
        if account is not None and account.provider not in offer:
            refusal = say(await self.why_off(desk, account.provider))
        return NewLink(
            frame=self.frame(request, desk, "dashboard_links"),
            form=self._form(desk, kept),
            reconnects=None if account is None else Untrusted(f"{account.origin_owner_name} · {provider}"),
            refusal=refusal,
            fields=link_fields(
                self.site.language(request),
                [(one.key, one.name) for one in connectors],
                {category for one in connectors for category in one.definition.categories},
                self._days(),
                values,
                errors,
                provider=provider,
            ),
            back_url=back,
        )
