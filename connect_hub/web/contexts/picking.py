"""The list of providers, searched and filtered by the same rule on the server and in hub.js."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar, Literal
from urllib.parse import urlencode

from connect_hub.folding import folded
from connect_hub.web.contexts.managing import AccountView
from connect_hub.web.contexts.page import Page, ProviderView

__all__ = ["CategoryView", "Pill", "ProviderCard", "Providers"]

_QUERY_LIMIT = 100


@lru_cache(maxsize=4096)
def _names(*names: str) -> str:
    """Names of a connector, folded. They are few and always the same; what people type is not kept here."""
    return folded(" ".join(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCard:
    """One provider in the list."""

    provider: ProviderView
    """Who it is."""
    url: str | None
    """Where its card leads; None: the link has connected it, and cannot do so once more."""
    aliases: tuple[str, ...] = ()
    """Other names that a search finds it by."""
    category: str = ""
    """The key of its category."""
    category_label: str = ""
    """The category in words."""
    state: Literal["connected", "attention"] | None = None
    """What the customer may see of an existing account (security.md, T51)."""

    @property
    def search(self) -> str:
        """The folded names that a search looks into."""
        return _names(self.provider.name, *self.aliases, self.category_label)


@dataclass(frozen=True, slots=True)
class CategoryView:
    """One category to filter by."""

    key: str
    """The category's value in the wire contract."""
    label: str
    """The category in words."""


@dataclass(frozen=True, slots=True)
class Pill:
    """One link of the category filter."""

    key: str
    """The category's key; empty: all."""
    label: str
    """In words; empty for all, whose word the template has."""
    url: str
    """The list with this filter and the present search."""
    current: bool
    """Whether this is the filter in force."""


@dataclass(frozen=True, kw_only=True)
class Providers(Page):
    """The list of providers. Give it all of them: it filters by `query` and `category` itself."""

    template: ClassVar[str] = "pages/providers.html"

    cards: tuple[ProviderCard, ...]
    """Every provider that the session allows, in the order to show; empty: none is enabled."""
    url: str
    """The list's own address, without a query."""
    accounts: tuple[AccountView, ...] = ()
    """What the customer has connected, for sessions that may manage it."""
    disconnected: str | None = None
    """The name of the provider whose account was just disconnected."""
    query: str = ""
    """The search as typed; cut to 100 characters."""
    category: str = ""
    """The category to show; empty or unknown: all."""
    categories: tuple[CategoryView, ...] = ()
    """The categories of the cards; the filter is shown when there are two or more."""

    def __post_init__(self) -> None:
        # It comes from the address and is repeated in each pill's.
        object.__setattr__(self, "query", self.query[:_QUERY_LIMIT])

    @property
    def current_category(self) -> str:
        """`category` if there is one of that key, else an empty string."""
        return self.category if any(c.key == self.category for c in self.categories) else ""

    @cached_property
    def matches(self) -> frozenset[str]:
        """The keys of the providers that the search and the filter leave over."""
        words = folded(self.query).split()
        category = self.current_category
        if not words and not category:
            return frozenset(card.provider.key for card in self.cards)
        return frozenset(
            card.provider.key
            for card in self.cards
            if (not category or card.category == category) and all(word in card.search for word in words)
        )

    @cached_property
    def pills(self) -> tuple[Pill, ...]:
        """The category filter, 'all' first; empty with fewer than two categories."""
        if len(self.categories) < 2:
            return ()
        current = self.current_category
        choices = (CategoryView("", ""), *self.categories)
        return tuple(Pill(c.key, c.label, self._address(c.key), c.key == current) for c in choices)

    def _address(self, category: str) -> str:
        wanted = [(name, value) for name, value in (("q", self.query), ("category", category)) if value]
        return self.url + ("?" + urlencode(wanted) if wanted else "")
