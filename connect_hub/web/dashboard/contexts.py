"""What each page of the dashboard is given: frozen dataclasses, as `page` in its template."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import FieldView, Form, OptionView, Page, ProviderView
from connect_hub.web.dashboard.charts import Columns, Stack
from connect_hub.web.untrusted import Untrusted

__all__ = [
    "AccountDetail",
    "AccountList",
    "AccountRow",
    "Action",
    "AttemptList",
    "AuditList",
    "AuditRow",
    "Changed",
    "Confirm",
    "ConnectorList",
    "ConnectorRow",
    "DashboardPage",
    "DeliveryDetail",
    "DeliveryRow",
    "EndpointDetail",
    "EndpointList",
    "EndpointRow",
    "Fact",
    "FailureRow",
    "Frame",
    "FunnelLine",
    "Home",
    "KeyList",
    "KeyMade",
    "KeyRow",
    "LinkDetail",
    "LinkList",
    "LinkMade",
    "LinkRow",
    "Moment",
    "NavItem",
    "NewEndpoint",
    "NewLink",
    "Pager",
    "ProjectItem",
    "Question",
    "RateRow",
    "Refused",
    "SecretMade",
    "SettingsPage",
    "SignInPage",
    "TryView",
]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu."""

    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """One project of the switcher."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: who, where, and where to."""

    operator: Untrusted
    role: str
    project: str
    projects: tuple[ProjectItem, ...]
    nav: tuple[NavItem, ...]
    sign_out: Form | None
    home_url: str


@dataclass(frozen=True, kw_only=True)
class DashboardPage(Page):
    """What every page of an operator's is given."""

    frame: Frame
    done: str = ""
    """What was just done, in words."""
    alert: str = ""
    """What is wrong with what was asked for."""


@dataclass(frozen=True, slots=True)
class Pager:
    """The way to the pages before and after."""

    first_url: str | None = None
    """Back to the first page; None: this is it."""
    next_url: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do, each on a page of its own that asks first."""

    label: str
    url: str
    kind: str = "secondary"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is known."""

    label: str
    text: str = ""
    quoted: Untrusted | None = None
    at: datetime | None = None
    code: str = ""
    """An identifier: in a fixed-width face, to be copied."""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a history."""

    at: datetime
    title: str
    detail: str = ""
    who: Untrusted | None = None
    kind: str = ""
    """`good`, `bad` or empty."""


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    """The sign-in by token."""

    template: ClassVar[str] = "dashboard/sign_in.html"

    form: Form
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Refused(Page):
    """What could not be shown or done, and why."""

    template: ClassVar[str] = "dashboard/refused.html"

    title: str
    text: str
    code: str
    reference: str
    home_url: str


@dataclass(frozen=True, slots=True)
class RateRow:
    """How many of those who looked at a provider's form connected it."""

    provider: ProviderView
    tried: int
    connected: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class Home(DashboardPage):
    """The project at a glance; without accounts, how to begin."""

    template: ClassVar[str] = "dashboard/home.html"

    new_link_url: str | None
    connected: Columns
    accounts: Stack
    deliveries: Stack
    rates: tuple[RateRow, ...]
    attempts_url: str


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account in the list."""

    url: str
    id: str
    owner_name: Untrusted
    owner_id: Untrusted
    provider: ProviderView
    status: str
    is_test: bool
    created_at: datetime
    actions: tuple[Action, ...]


@dataclass(frozen=True, kw_only=True)
class AccountList(DashboardPage):
    """Accounts."""

    template: ClassVar[str] = "dashboard/accounts.html"

    rows: tuple[AccountRow, ...]
    url: str
    query: str = ""
    provider: str = ""
    status: str = ""
    providers: tuple[OptionView, ...] = ()
    new_link_url: str | None = None
    """None: the operator's role does not allow it."""
    export_url: str = ""
    pager: Pager = Pager()

    @property
    def filtered(self) -> bool:
        """Whether the list is not of all accounts."""
        return bool(self.query or self.provider or self.status)


@dataclass(frozen=True, kw_only=True)
class AccountDetail(DashboardPage):
    """One account: what is known, what happened, what can be done."""

    template: ClassVar[str] = "dashboard/account.html"

    id: str
    owner_name: Untrusted
    provider: ProviderView
    status: str
    is_test: bool
    reasons: tuple[Untrusted, ...]
    facts: tuple[Fact, ...]
    history: tuple[Moment, ...]
    actions: tuple[Action, ...]
    list_url: str


@dataclass(frozen=True, kw_only=True)
class Confirm(DashboardPage):
    """Asks before something is done."""

    template: ClassVar[str] = "dashboard/confirm.html"

    title: str
    text: str
    about: Untrusted | None
    form: Form
    button: str
    danger: bool
    back_url: str
    field: FieldView | None = None
    """What is asked besides."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to decide before a link is made."""

    text: str
    yes: str
    """The button that takes what is offered."""
    yes_form: Form
    no: str
    """The button that keeps what was typed."""
    no_form: Form


@dataclass(frozen=True, kw_only=True)
class NewLink(DashboardPage):
    """Create Auth Link."""

    template: ClassVar[str] = "dashboard/new_link.html"

    form: Form
    fields: tuple[FieldView, ...]
    back_url: str
    question: Question | None = None

    @property
    def wrong(self) -> tuple[FieldView, ...]:
        """The fields that have to be changed."""
        return tuple(field for field in self.fields if field.error is not None)


@dataclass(frozen=True, kw_only=True)
class LinkMade(DashboardPage):
    """The link, shown this once."""

    template: ClassVar[str] = "dashboard/link_made.html"

    link: str
    owner_name: Untrusted
    expires_at: datetime
    qr: str
    """An SVG, or empty."""
    mail_url: str
    detail_url: str
    another_url: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link in the list."""

    url: str
    owner_name: Untrusted
    owner_id: Untrusted
    provider: str
    status: str
    opens: int
    connects: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class LinkList(DashboardPage):
    """Links."""

    template: ClassVar[str] = "dashboard/links.html"

    rows: tuple[LinkRow, ...]
    url: str
    status: str = ""
    owner: str = ""
    new_link_url: str | None = None
    pager: Pager = Pager()

    @property
    def filtered(self) -> bool:
        """Whether the list is not of all links."""
        return bool(self.status or self.owner)


@dataclass(frozen=True, kw_only=True)
class LinkDetail(DashboardPage):
    """One link: its state, which a script keeps up to date, and what became of it."""

    template: ClassVar[str] = "dashboard/link.html"

    owner_name: Untrusted
    status: str
    state_url: str
    url: str
    opens: int
    connects: int
    facts: tuple[Fact, ...]
    history: tuple[Moment, ...]
    actions: tuple[Action, ...]
    list_url: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One API key in the list, without the key."""

    id: str
    name: Untrusted
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoke_url: str | None


@dataclass(frozen=True, kw_only=True)
class KeyList(DashboardPage):
    """Keys, and the form for one more."""

    template: ClassVar[str] = "dashboard/keys.html"

    rows: tuple[KeyRow, ...]
    form: Form
    name: str = ""
    """What was typed."""
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyMade(DashboardPage):
    """The key, shown this once."""

    template: ClassVar[str] = "dashboard/key_made.html"

    name: Untrusted
    key: str
    list_url: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that was changed."""

    label: str
    before: Untrusted | None
    after: Untrusted | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    at: datetime
    action: str
    subject: Untrusted
    actor: Untrusted
    actor_url: str
    """The same list with what this actor did."""
    kind: str
    source: Untrusted
    changes: tuple[Changed, ...]


@dataclass(frozen=True, kw_only=True)
class AuditList(DashboardPage):
    """The audit log."""

    template: ClassVar[str] = "dashboard/audit.html"

    rows: tuple[AuditRow, ...]
    url: str
    action: str = ""
    subject: str = ""
    actor: str = ""
    actions: tuple[OptionView, ...] = ()
    export_url: str = ""
    pager: Pager = Pager()

    @property
    def filtered(self) -> bool:
        """Whether the list is not of all entries."""
        return bool(self.action or self.subject or self.actor)


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """How many customers came how far with one provider."""

    provider: ProviderView
    picked: int
    submitted: int
    connected: int
    failed: int
    percent: int
    """Of those who picked it, how many connected."""
    median: str
    """How long a connection took, in words; empty: there was none."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One try that did not succeed."""

    at: datetime
    owner_name: Untrusted
    owner_id: Untrusted
    provider: ProviderView
    title: str
    advice: str
    code: str
    url: str
    """The link that it was tried with."""


@dataclass(frozen=True, kw_only=True)
class AttemptList(DashboardPage):
    """Attempts: the funnel, and what failed."""

    template: ClassVar[str] = "dashboard/attempts.html"

    url: str
    provider: str
    days: str
    periods: tuple[OptionView, ...]
    providers: tuple[OptionView, ...]
    funnel: tuple[FunnelLine, ...]
    opened: int
    failures: tuple[FailureRow, ...]
    pager: Pager = Pager()

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return bool(self.provider) or self.days != "30"


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """One connector, as it is on the project."""

    provider: ProviderView
    enabled: bool
    category: str
    methods: tuple[str, ...]
    redirect_uri: str
    """To register at the provider; empty: it is not signed in to with OAuth."""
    client_id: str
    has_secret: bool
    accounts: str
    """How many accounts are of it, in words."""
    accounts_url: str


@dataclass(frozen=True, kw_only=True)
class ConnectorList(DashboardPage):
    """Connectors."""

    template: ClassVar[str] = "dashboard/connectors.html"

    rows: tuple[ConnectorRow, ...]


@dataclass(frozen=True, kw_only=True)
class SettingsPage(DashboardPage):
    """How the project is set up, and how the hub looks to customers."""

    template: ClassVar[str] = "dashboard/settings.html"

    facts: tuple[Fact, ...]
    link_facts: tuple[Fact, ...]
    preview: ProviderView | None
    """A connector to show a card of."""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One webhook endpoint in the list."""

    url: str
    address: Untrusted
    description: Untrusted
    events: int
    enabled: bool
    failing: bool
    configured: bool
    """Of the configuration, and changed there."""


@dataclass(frozen=True, kw_only=True)
class EndpointList(DashboardPage):
    """Webhook endpoints."""

    template: ClassVar[str] = "dashboard/webhooks.html"

    rows: tuple[EndpointRow, ...]
    new_url: str | None


@dataclass(frozen=True, kw_only=True)
class NewEndpoint(DashboardPage):
    """The form for one more endpoint."""

    template: ClassVar[str] = "dashboard/new_webhook.html"

    form: Form
    fields: tuple[FieldView, ...]
    events: tuple[OptionView, ...]
    chosen: frozenset[str]
    back_url: str

    @property
    def wrong(self) -> tuple[FieldView, ...]:
        """The fields that have to be changed."""
        return tuple(field for field in self.fields if field.error is not None)


@dataclass(frozen=True, kw_only=True)
class SecretMade(DashboardPage):
    """A signing secret, shown this once."""

    template: ClassVar[str] = "dashboard/secret_made.html"

    about: Untrusted
    secret: str
    next_url: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery in the list."""

    url: str
    event: str
    state: str
    attempts: int
    error: Untrusted
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointDetail(DashboardPage):
    """One endpoint, and what was sent to it."""

    template: ClassVar[str] = "dashboard/webhook.html"

    address: Untrusted
    enabled: bool
    reason: str
    configured: bool
    facts: tuple[Fact, ...]
    actions: tuple[Action, ...]
    url: str
    state: str
    rows: tuple[DeliveryRow, ...]
    live_url: str
    live_key: str
    """Changes with what the page shows; empty: it is not the newest."""
    list_url: str
    pager: Pager = Pager()


@dataclass(frozen=True, slots=True)
class TryView:
    """One try of a delivery: request and response."""

    at: datetime
    milliseconds: int
    status: str
    error: Untrusted
    request: str
    response: str
    body: str


@dataclass(frozen=True, kw_only=True)
class DeliveryDetail(DashboardPage):
    """One delivery: what was sent, and what was answered."""

    template: ClassVar[str] = "dashboard/delivery.html"

    event: str
    state: str
    facts: tuple[Fact, ...]
    body: str
    tries: tuple[TryView, ...]
    resend_url: str | None
    back_url: str
