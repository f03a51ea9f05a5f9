"""The pages around the link: opening it, confirming it, refusing it, and its dead ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts.page import Form, Page, ProviderView
from connect_hub.web.untrusted import Untrusted

__all__ = ["Decline", "Declined", "GivenValue", "Index", "Landing", "Opener", "Problem", "RenewalRequested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener(Page):
    """GET of a link. A script takes the token out of the address's fragment and posts it; without one, or
    without a token, the page asks for the whole link."""

    template: ClassVar[str] = "pages/opener.html"

    form: Form
    """Where the token goes, in the field `token`, or the pasted link, in the field `link`."""
    error: str | None = None
    """What was wrong with the link that was pasted."""


@dataclass(frozen=True, slots=True)
class GivenValue:
    """What a form asked for, as it was answered before this page."""

    label: str
    """What was asked for."""
    text: Untrusted
    """The answer, never a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing(Page):
    """Who asks, what for, until when; and the confirmation. It changes nothing by being shown."""

    template: ClassVar[str] = "pages/landing.html"

    confirm: Form
    """Continue."""
    decline: Form
    """'This was not meant for me'; leads to `Decline`, which asks again."""
    expires_at: datetime
    """When the link ends; aware, UTC."""
    owner_name: Untrusted
    """`origin_owner_name`, as the requester wrote it."""
    username: Untrusted | None = None
    """`origin_username`, as the requester wrote it."""
    provider: ProviderView | None = None
    """The one provider that will be connected; None: the customer chooses."""
    categories: tuple[str, ...] = ()
    """Labels of the categories to choose from; empty: any."""
    values: tuple[GivenValue, ...] = ()
    """What the sign-in takes along, such as the address of the account: it says where Continue leads. No more
    than its form is checked, so it stands with what the requester wrote."""
    reconnect: bool = False
    """The link is for an account that exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Page):
    """Asks whether the link is really to be withdrawn."""

    template: ClassVar[str] = "pages/decline.html"

    confirm: Form
    """Withdraws the link."""
    back: Form
    """Back to the landing page, which is shown by a POST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Page):
    """The link was withdrawn."""

    template: ClassVar[str] = "pages/declined.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem(Page):
    """A dead end with a way out; any error that a person meets."""

    template: ClassVar[str] = "pages/problem.html"

    title: str
    """What happened, as a heading."""
    text: str
    """What happened, in a sentence."""
    advice: str = ""
    """What to do now."""
    code: str
    """The error's stable code."""
    reference: str
    """Names this one occurrence in the log; not a secret."""
    renew: Form | None = None
    """'Ask for a new link'; None: not offered."""
    retry_url: str | None = None
    """Where 'Try again' leads; None: not offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalRequested(Page):
    """The host was told that this customer would like a new link."""

    template: ClassVar[str] = "pages/renewal_requested.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Page):
    """The hub's root, opened without a link."""

    template: ClassVar[str] = "pages/index.html"

    form: Form
    """Where a pasted link goes, in the field `link`."""
