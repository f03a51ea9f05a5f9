"""The list of providers: what stands in it, and the page kept from one visit to the next."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from connect_hub.flows.choosing import Choice
from connect_hub.flows.managing import Managed
from connect_hub.models import Account
from connect_hub.web import contexts
from connect_hub.web.labels import category_label
from connect_hub.web.pages.accounts import account_view, state_of
from connect_hub.web.site import Site

__all__ = ["Listing"]

_MOST_KEPT = 64
"""Pages kept at once, each of some 10 to 100 kB: they differ by language, by what a session allows and by
what it has connected."""

_State = Literal["connected", "attention"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page without the name of its visit, which stands between the pieces."""

    pieces: list[bytes]
    headers: dict[str, str]


class Listing:
    """Answers with the list.

    The page of a list that is not searched says nothing of its visit but the visit's name, in the addresses.
    So it is rendered once for each language and each choice, and answered with the name put in: of 150 tools
    that is 0.1 ms in the place of 8 (`bench.list_page`). Not so with templates of the host's own: what they
    ask for may change with the time or the visitor.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: dict[tuple[object, ...], _Kept] = {}
        # Stands for a visit's name, and in no template, name or logo by chance.
        self._stand_in = secrets.token_hex(16)

    def answer(
        self, request: Request, visit: str, choices: Sequence[Choice], managed: Sequence[Managed] = ()
    ) -> Response:
        """The list of `choices` for the visit called `visit`, after what it may manage."""
        query = request.query_params.get("q", "")[:100]
        category = request.query_params.get("category", "")[:32]
        # A name that could mean something in HTML, or in an address, is not put in unescaped.
        plain = visit.isascii() and visit.isalnum()
        gone = request.query_params.get("disconnected", "")
        if managed or gone or query or category or not plain or self._site.core.config.pages.templates:
            page = self._page(request, visit, choices, query, category)
            accounts = tuple(account_view(self._site, visit, item) for item in managed)
            name = self._site.core.connectors.get(gone).name if gone in self._site.core.connectors else None
            return self._site.page(request, replace(page, accounts=accounts, disconnected=name))
        key = (
            self._site.language(request).tag,
            self._site.is_forced(request),
            *((choice.connector.key, _state(choice.account), choice.finished) for choice in choices),
        )
        kept = self._kept.get(key)
        if kept is None:
            kept = self._render(request, choices)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        return HTMLResponse(visit.encode().join(kept.pieces), headers=kept.headers)

    def _render(self, request: Request, choices: Sequence[Choice]) -> _Kept:
        response = self._site.page(request, self._page(request, self._stand_in, choices))
        headers = {name: response.headers[name] for name in ("content-language", "vary")}
        return _Kept(bytes(response.body).split(self._stand_in.encode()), headers)

    def _page(
        self, request: Request, visit: str, choices: Sequence[Choice], query: str = "", category: str = ""
    ) -> contexts.Providers:
        urls, language = self._site.urls, self._site.language(request)
        labels = {
            category.value: category_label(category, language)
            for category in {c.connector.definition.categories[0] for c in choices}
        }
        # One address is asked for, and the others differ in their ends.
        connect = urls.path("connect", visit=visit, provider="-").removesuffix("-")
        return contexts.Providers(
            cards=tuple(
                contexts.ProviderCard(
                    provider=self._site.provider_view(choice.connector),
                    url=None if choice.finished else connect + choice.connector.key,
                    aliases=choice.connector.definition.aliases,
                    category=choice.connector.definition.categories[0].value,
                    category_label=labels[choice.connector.definition.categories[0].value],
                    state=_state(choice.account),
                )
                for choice in choices
            ),
            url=urls.path("visit", visit=visit),
            query=query,
            category=category,
            categories=tuple(
                contexts.CategoryView(key, label)
                for key, label in sorted(labels.items(), key=lambda item: item[1])
            ),
            exit_url=urls.path("exit", visit=visit),
            switch=self._site.switch(request, self._site.language_form(urls.path("visit", visit=visit))),
        )


def _state(account: Account | None) -> _State | None:
    """What a card says: whether it is there, and whether connecting again would mend it. Of one that is
    paused, which the customer cannot mend, the card says no more; its own line in the manage view does."""
    if account is None:
        return None
    return "attention" if state_of(account) == "attention" else "connected"
