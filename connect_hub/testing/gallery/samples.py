"""Every page in every state, from sample contexts; the tests render the same ones."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from connect_hub.errors import ConnectHubError, LinkExpired, NotFound, StateInvalid
from connect_hub.secret import Secret
from connect_hub.testing.gallery.product import LABELS, TOOLS, provider
from connect_hub.web.contexts import (
    AccountView,
    AlertView,
    Bounce,
    CategoryView,
    Closed,
    Connect,
    Decline,
    Declined,
    Disconnect,
    Embedding,
    Exit,
    FieldView,
    Form,
    FrameStart,
    GivenValue,
    IdentityChanged,
    Index,
    Landing,
    LanguageSwitch,
    Leaving,
    ManagedAccount,
    MethodView,
    Opener,
    OptionView,
    Page,
    Problem,
    ProviderCard,
    Providers,
    RenewalRequested,
    Success,
    Waiting,
)
from connect_hub.web.languages import Language
from connect_hub.web.problems import problem_texts
from connect_hub.web.untrusted import Untrusted

__all__ = ["samples"]

FRAME = Embedding(("https://app.acme-hr.example",))
"""Whose page an embedded sample stands in."""


def samples(
    text: Callable[[str], str] = lambda sample: sample, language: Language | None = None
) -> dict[str, Page]:
    """The pages by file name. `text` may replace every text that somebody outside wrote; our own are in
    `language`."""
    say = Language("en").text if language is None else language.text

    def said(sample: str, limit: int = 80) -> Untrusted:
        return Untrusted(text(sample), limit=limit)

    def form(action: str) -> Form:
        return Form(action, (("nonce", text("n0nce")),))

    bamboo, hubspot, zendesk = provider("bamboohr"), provider("hubspot"), provider("zendesk")
    subdomain = FieldView(
        name="subdomain",
        label=say("Subdomain"),
        prefix="https://",
        suffix=".zendesk.com",
        placeholder="acme",
        pattern="[a-z0-9-]+",
        pattern_message=say("Only the part before .zendesk.com, such as acme."),
        value=text(""),
    )
    email = FieldView(
        name="email",
        label=say("Email address"),
        value=text(""),
    )
    token = FieldView(
        name="api_token",
        label=say("API token"),
        secret=True,
        help=say(
            "In Admin Center: Apps and integrations, APIs, Zendesk API. "
            "A token is shown only when it is made."
        ),
        help_url="https://support.zendesk.example/token",
    )
    everything = (
        replace(subdomain, help=say("The first part of the address where your agents sign in.")),
        FieldView(
            name="region",
            label=say("Region"),
            kind="select",
            options=(OptionView("eu", "Europe"), OptionView("us", "United States")),
            value="us",
        ),
        FieldView(name="port", label=say("Port"), kind="number", required=False, value=text("443")),
        FieldView(
            name="base", label=say("Service address"), kind="url", read_only=True, value="https://api.example"
        ),
        FieldView(
            name="key",
            label=say("Private key"),
            kind="text_area",
            secret=True,
            help=say("PEM, with both its lines of dashes."),
        ),
    )
    connect = Connect(
        provider=zendesk,
        form=form("/c/v/zendesk"),
        fields=(subdomain, email, token),
        exit_url="/c/v/exit",
        back_url="/c/v/providers",
    )
    cards = tuple(
        ProviderCard(
            provider=provider(key),
            url=None if key == "hubspot" else f"/c/v/{key}",
            aliases=aliases,
            category=category,
            category_label=say(LABELS[category]),
            state={"hubspot": "connected", "zendesk": "attention"}.get(key),  # type: ignore[arg-type]
        )
        for key, (_, category, aliases) in TOOLS.items()
    )
    categories = tuple(CategoryView(key, say(label)) for key, label in LABELS.items())
    listing = Providers(cards=cards, url="/providers.html", categories=categories, exit_url="/c/v/exit")
    landing = Landing(
        confirm=form("/link/confirm"),
        decline=form("/link/decline"),
        expires_at=datetime(2026, 11, 28, 14, 5, tzinfo=UTC),
        owner_name=said("Globex Corporation"),
        username=said("jane.doe@globex.example"),
    )
    switch = LanguageSwitch(
        form("/language"), (("en", "English"), ("ar", "العربية"), ("de", "Deutsch"), ("ja", "日本語"))
    )

    def dead_end(error: ConnectHubError, renew: Form | None = None, retry_url: str | None = None) -> Problem:
        title, words, advice = map(say, problem_texts(error))
        return Problem(
            title=title,
            text=words,
            advice=advice,
            code=error.code,
            reference="01JD9M2Z7K",
            renew=renew,
            retry_url=retry_url,
        )

    success = Success(
        provider=bamboo,
        account_name=said("Jane Doe (jane.doe@globex.example)"),
        return_url="/c/v/return",
        done=form("/c/v/exit"),
    )
    well = AccountView(
        provider=hubspot,
        url="/c/v/accounts/1",
        account_name=said("Globex Corporation (4412)"),
        connected_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        connected_by=said("jane.doe@globex.example"),
        last_used_at=datetime(2026, 11, 23, 7, 15, tzinfo=UTC),
    )
    ill = replace(
        well,
        provider=zendesk,
        state="attention",
        account_name=said("Globex Support"),
        last_used_at=None,
        reason=said("Couldn't authenticate you", 200),
    )
    managed = ManagedAccount(
        account=well,
        disconnect_url="/c/v/accounts/1/disconnect",
        reconnect_url="/c/v/hubspot",
        back_url="/c/v/providers",
        exit_url="/c/v/exit",
    )
    return {
        "account": managed,
        "account-attention": replace(managed, account=ill),
        "account-paused": replace(managed, account=replace(well, state="paused"), reconnect_url=None),
        "disconnect": Disconnect(
            account=well, confirm=form("/c/v/accounts/1/disconnect"), back_url="/c/v/accounts/1"
        ),
        "providers-manage": replace(
            listing,
            accounts=(well, ill, replace(well, provider=bamboo, state="paused")),
            disconnected="Slack",
        ),
        "opener": Opener(form=form("/link/open")),
        "opener-wrong": Opener(
            form=form("/link/open"), error=say("Paste the whole link from the message you received.")
        ),
        "landing": landing,
        "landing-languages": replace(landing, switch=switch),
        "landing-provider": replace(landing, provider=bamboo, username=None),
        "landing-categories": replace(
            landing, categories=(say("HR"), say("Recruiting")), owner_name=Untrusted("\u200b")
        ),
        "landing-window": replace(
            landing, provider=zendesk, values=(GivenValue(say("Subdomain"), said("globex-support")),)
        ),
        "landing-reconnect": replace(landing, provider=bamboo, reconnect=True),
        "decline": Decline(confirm=form("/link/decline"), back=form("/link/open")),
        "closed": Closed(),
        "closed-connected": Closed(connected=True),
        "declined": Declined(),
        "providers": listing,
        "providers-search": replace(listing, query="generale", category="hris"),
        "providers-none-found": replace(listing, query=text("netsuite")),
        "providers-one-category": replace(listing, cards=cards[:3], categories=categories[:1]),
        "providers-none": replace(listing, cards=()),
        "connect": connect,
        "connect-all-controls": replace(
            connect,
            fields=everything,
            back_url=None,
        ),
        "connect-methods": replace(
            connect,
            provider=hubspot,
            fields=(),
            redirects=True,
            other_methods=(MethodView(label=say("Personal access token"), url="?method=token"),),
        ),
        "connect-wrong": replace(
            connect,
            fields=(
                replace(
                    subdomain,
                    value=text("acme corp"),
                    error=say("Only the part before .zendesk.com, such as acme."),
                ),
                replace(email, value=text("jane.doe@globex.example")),
                replace(
                    token,
                    secret_value=Secret(text("tok-4f7h2k9")),
                    error=say("An API token has no spaces. Check that you copied all of it."),
                ),
            ),
        ),
        "connect-refused": replace(
            connect,
            alert=AlertView(
                text=say("The provider did not accept these credentials. Check that you copied all of them."),
                provider_words=said("Couldn't authenticate you", 200),
            ),
            fields=(replace(subdomain, value="acme"), replace(email, value="jane.doe@globex.example"), token),
        ),
        "connect-down": replace(
            connect,
            alert=AlertView(
                text=say("The provider is not answering right now. Nothing was saved; try again in a moment.")
            ),
        ),
        "connect-edit": replace(
            connect,
            editing=True,
            account_name=said("Globex Support"),
            fields=(
                replace(subdomain, value="globex"),
                email,
                replace(token, stored=True, stored_hint="9fQ2"),
            ),
            back_url=None,
            other_methods=(
                MethodView(label=say("Sign in with Zendesk"), url="?method=oauth2", recommended=True),
            ),
        ),
        "leaving": Leaving(
            name="HubSpot", url="https://app.hubspot.example/oauth?a=1&b='2'", provider=hubspot
        ),
        "leaving-home": Leaving(name="Acme HR", url="https://app.acme-hr.example/settings?result=success"),
        "bounce": Bounce(
            form=Form("/bounce-demo", (("code", text("c0de")), ("state", text("st4te")))), provider=hubspot
        ),
        "identity-changed": IdentityChanged(
            provider=hubspot,
            before=said("Globex Corporation (4412)"),
            after=said("Jane's test portal (9921)"),
            accept=form("/c/v/accept"),
            retry_url="/c/v/hubspot",
            exit_url="/c/v/exit",
        ),
        "success": success,
        "success-more": replace(success, another_url="/c/v/providers", reconnected=True),
        "success-plain": replace(success, return_url=None, account_name=None),
        "exit": Exit(leave=form("/c/v/leave"), stay_url="/c/v/zendesk"),
        "exit-connected": Exit(
            leave=form("/c/v/leave"), stay_url="/c/v/zendesk", connected=("BambooHR", "HubSpot")
        ),
        "problem": dead_end(LinkExpired(), renew=form("/link/renew")),
        "problem-plain": dead_end(NotFound()),
        "problem-retry": dead_end(StateInvalid(), retry_url="/c/v/hubspot"),
        "renewal-requested": RenewalRequested(),
        "closed-window": Closed(connected=None, window=True),
        "connect-window": replace(
            connect, provider=hubspot, fields=(), redirects=True, window=True, exit_url=None, embedding=FRAME
        ),
        "success-embedded": replace(
            success,
            account_id="acc_1",
            attempt_id="att_1",
            return_url=None,
            done=form("/c/v/done"),
            embedding=FRAME,
        ),
        "frame-start": FrameStart(form=form("/embed/open"), embedding=FRAME),
        "waiting": Waiting(
            provider=hubspot, onward=form("/c/oauth2/hubspot"), retry_url="/c/v/hubspot", embedding=FRAME
        ),
        "index": Index(form=form("/link/open")),
    }
