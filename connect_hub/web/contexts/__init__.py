"""What each page is given: one frozen dataclass a page, documented in docs/templates.md.

In a template the dataclass is `page`; beside it stand only `brand` and `static_url`.
"""

from connect_hub.web.contexts.brand import BrandView
from connect_hub.web.contexts.connecting import (
    AlertView,
    Bounce,
    Closed,
    Connect,
    Exit,
    FieldView,
    FrameStart,
    IdentityChanged,
    Leaving,
    MethodView,
    OptionView,
    Success,
    Waiting,
)
from connect_hub.web.contexts.link import (
    Decline,
    Declined,
    GivenValue,
    Index,
    Landing,
    Opener,
    Problem,
    RenewalRequested,
)
from connect_hub.web.contexts.managing import AccountView, Disconnect, ManagedAccount
from connect_hub.web.contexts.page import Embedding, Form, LanguageSwitch, Page, ProviderView, web_address
from connect_hub.web.contexts.picking import CategoryView, Pill, ProviderCard, Providers

PAGES: tuple[type[Page], ...] = (
    Opener,
    Landing,
    Decline,
    Declined,
    Providers,
    Connect,
    Leaving,
    Bounce,
    IdentityChanged,
    Success,
    ManagedAccount,
    Disconnect,
    Exit,
    Closed,
    Problem,
    RenewalRequested,
    Index,
    FrameStart,
    Waiting,
)
"""Every page of the customer's way, in its order."""

__all__ = [
    "PAGES",
    "AccountView",
    "AlertView",
    "Bounce",
    "BrandView",
    "CategoryView",
    "Closed",
    "Connect",
    "Decline",
    "Declined",
    "Disconnect",
    "Embedding",
    "Exit",
    "FieldView",
    "Form",
    "FrameStart",
    "GivenValue",
    "IdentityChanged",
    "Index",
    "Landing",
    "LanguageSwitch",
    "Leaving",
    "ManagedAccount",
    "MethodView",
    "Opener",
    "OptionView",
    "Page",
    "Pill",
    "Problem",
    "ProviderCard",
    "ProviderView",
    "Providers",
    "RenewalRequested",
    "Success",
    "Waiting",
    "web_address",
]
