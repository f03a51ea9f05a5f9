"""The pages of one connection: the form, the hop to the provider and back, and how it ended."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from connect_hub.secret import Secret
from connect_hub.web.contexts.page import Form, Page, ProviderView, web_address
from connect_hub.web.untrusted import Untrusted

__all__ = [
    "AlertView",
    "Bounce",
    "Closed",
    "Connect",
    "Exit",
    "FieldView",
    "FrameStart",
    "IdentityChanged",
    "Leaving",
    "MethodView",
    "OptionView",
    "Success",
    "Waiting",
]


@dataclass(frozen=True, slots=True)
class OptionView:
    """One choice of a select field."""

    value: str
    """What is posted."""
    label: str
    """What is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field of the form. Raises ValueError for a secret given as plain `value`."""

    name: str
    """Its name in the POST."""
    label: str
    """What it asks for."""
    kind: Literal["text", "password", "number", "url", "select", "text_area"] = "text"
    """Its control; the keyboard of a phone follows it."""
    secret: bool = False
    """Hidden while typed, with a button to show it."""
    required: bool = True
    """Whether it may not be left empty; others are marked as optional."""
    is_marked: bool = True
    """Whether it is marked as optional, which one that only some need is not."""
    read_only: bool = False
    """Shown and posted, but not to be changed."""
    value: str = ""
    """What stands in it; never for a secret."""
    secret_value: Secret | None = None
    """What was typed into a secret field of a refused form (422), so that it need not be typed again."""
    stored: bool = False
    """Edit mode: a secret is stored already; left empty it is kept."""
    stored_hint: str = ""
    """The stored secret's last four characters (`Secret.hint()`), if they may be shown."""
    placeholder: str = ""
    """An example of a value."""
    help: str = ""
    """A sentence under the label."""
    help_url: str | None = None
    """The provider's own page on where to find the value."""
    prefix: str = ""
    """Fixed text before the value, such as `https://`."""
    suffix: str = ""
    """Fixed text after it, such as `.zendesk.com`."""
    pattern: str | None = None
    """What the whole value must match: an expression that Python and JavaScript read alike. A script says so
    before the form is sent; the server judges in any case."""
    pattern_message: str = ""
    """What to say where it does not."""
    options: tuple[OptionView, ...] = ()
    """The choices of a select."""
    exact: bool = False
    """Whether every space counts, so that no script takes those at the ends away."""
    error: str | None = None
    """What is wrong with it: our own sentence."""

    def __post_init__(self) -> None:
        if self.is_secret and self.value:
            raise ValueError(f"field {self.name}: a secret goes into secret_value, as a Secret")
        if self.help_url is not None:
            web_address(self.help_url, f"field {self.name}: help_url")

    @property
    def is_secret(self) -> bool:
        """Whether it is secret, said by `secret` or by its kind."""
        return self.secret or self.kind == "password"

    @property
    def shown(self) -> str:
        """What stands in the control when the page is shown."""
        return self.value if self.secret_value is None else self.secret_value.reveal()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """Why the last try failed, over the form."""

    text: str
    """Our own sentence: what happened and what to do."""
    provider_words: Untrusted | None = None
    """What the provider said, at most 200 characters; shown quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodView:
    """Another way to sign in to the same provider."""

    label: str
    """What it is, such as 'API key'."""
    url: str
    """This page with that method."""
    recommended: bool = False
    """Whether it is the one to prefer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Page):
    """The form of one provider and method."""

    template: ClassVar[str] = "pages/connect.html"

    provider: ProviderView
    """The provider."""
    form: Form
    """Where the fields are posted."""
    window: bool = False
    """The sign-in is done in a window of its own, which the script opens when the form is sent."""
    fields: tuple[FieldView, ...] = ()
    """The fields, in order; may be empty when the provider's own sign-in asks for everything."""
    redirects: bool = False
    """Submitting leads to the provider's sign-in and back (OAuth)."""
    editing: bool = False
    """The account exists: reconnect or edit."""
    account_name: Untrusted | None = None
    """Edit mode: who the account is at the provider."""
    other_methods: tuple[MethodView, ...] = ()
    """Other ways to sign in to this provider."""
    alert: AlertView | None = None
    """Why the last try failed."""
    back_url: str | None = None
    """The list; None: there is none to go back to."""

    @property
    def wrong_fields(self) -> tuple[FieldView, ...]:
        """The fields with an error, in order."""
        return tuple(f for f in self.fields if f.error is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving(Page):
    """The last page before another site: goes on by itself, and by a plain link."""

    template: ClassVar[str] = "pages/leaving.html"

    name: str
    """Where to: the provider's or the product's name."""
    url: str = field(repr=False)
    """The address; http or https. Not in the repr, as it carries `state`."""
    provider: ProviderView | None = None
    """The provider, for its logo; None: back to the product."""

    def __post_init__(self) -> None:
        web_address(self.url, "leaving.url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce(Page):
    """A provider's answer that came by a cross-site POST, to be posted again from here (T22)."""

    template: ClassVar[str] = "pages/bounce.html"

    form: Form
    """The callback, and the provider's answer as hidden fields."""
    provider: ProviderView
    """The provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChanged(Page):
    """The customer signed in as somebody else than before; nothing is stored yet."""

    template: ClassVar[str] = "pages/identity_changed.html"

    provider: ProviderView
    """The provider."""
    before: Untrusted
    """Who was connected."""
    after: Untrusted
    """Who signed in now."""
    accept: Form
    """Connect the new one anyway."""
    retry_url: str | None
    """Sign in again, as another; None: not from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Success(Page):
    """Connected."""

    template: ClassVar[str] = "pages/success.html"

    provider: ProviderView
    """The provider."""
    account_id: str = ""
    """The linked account's id, which an embedded hub tells the host's page."""
    attempt_id: str = ""
    """The attempt's id, by which that page knows a success that it was told already."""
    account_name: Untrusted | None = None
    """Who the account is at the provider, where that is known."""
    reconnected: bool = False
    """The account existed before."""
    return_url: str | None = None
    """Back to the product; None: the host gave no address."""
    another_url: str | None = None
    """The list, where the session allows another connection."""
    done: Form
    """Ends the visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit(Page):
    """Asks once before leaving in the middle of a step."""

    template: ClassVar[str] = "pages/exit.html"

    leave: Form
    """Stops, and goes to the host's address or a closing page."""
    stay_url: str
    """Back to the step."""
    connected: tuple[str, ...] = ()
    """Names of the providers that this visit has connected; they stay connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Page):
    """The visit ended, and the host gave no address to go back to."""

    template: ClassVar[str] = "pages/closed.html"

    connected: bool | None = False
    """Whether the visit connected anything; None: not known here."""
    window: bool = False
    """It is the window of an embedded hub: the script closes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameStart(Page):
    """The first page in a frame: waits for the host's page to hand over the token."""

    template: ClassVar[str] = "pages/frame_start.html"

    form: Form
    """Where the script posts the token, in the field `token`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Page):
    """In a frame, while somebody signs in at the provider in a window of its own."""

    template: ClassVar[str] = "pages/waiting.html"

    provider: ProviderView
    """The provider."""
    onward: Form
    """Opens that window, or brings it back."""
    retry_url: str
    """The form again."""
