"""The operators' pages from sample contexts: empty, with a few rows, and full of long ones."""

from dataclasses import replace

from connect_hub.errors import OperatorTokenRefused, RoleRequired
from connect_hub.message import Message
from connect_hub.testing.gallery.desk import accounts, connectors, links, setup, webhooks
from connect_hub.testing.gallery.desk.desk import KEYS, LONG, Desk
from connect_hub.web.contexts import Form, Page
from connect_hub.web.dashboard.contexts import Action, KeyMade, Pager, Refused, SecretMade, SignInPage
from connect_hub.web.languages import Language
from connect_hub.web.problems import problem_texts
from connect_hub.web.untrusted import Untrusted

__all__ = ["dashboard_samples"]


def dashboard_samples(language: Language | None = None) -> dict[str, Page]:
    """The pages by file name, in `language`."""
    desk = Desk(Language("en") if language is None else language)
    full = Desk(desk.language, crowded=True)
    say = desk.say
    title, text, _ = problem_texts(RoleRequired())
    return {
        "desk-sign-in": SignInPage(form=Form("/d/sign-in")),
        "desk-sign-in-wrong": SignInPage(
            form=Form("/d/sign-in"),
            error=say(OperatorTokenRefused().message),
        ),
        "desk-refused": Refused(
            title=say(title),
            text=say(text),
            code=RoleRequired.code,
            reference="01JD9M2Z7K",
            way=Action(say(Message("Back to the dashboard")), "/d"),
        ),
        "desk-overview-empty": accounts.home(desk, 0),
        "desk-overview": accounts.home(desk, 2),
        "desk-overview-crowded": accounts.home(full, 400),
        "desk-accounts-empty": accounts.accounts(desk, 0),
        "desk-accounts-none-found": replace(accounts.accounts(desk, 0), query=LONG[1], status="error"),
        "desk-accounts": accounts.accounts(desk, 4),
        "desk-accounts-by-name": replace(
            accounts.accounts(desk, 2), query="ac", by_name=True, pager=Pager(further_url="/d/accounts")
        ),
        "desk-accounts-by-name-so-far": replace(
            accounts.accounts(desk, 0), query="ac", by_name=True, pager=Pager(further_url="/d/accounts")
        ),
        "desk-accounts-crowded": accounts.accounts(full, 25),
        "desk-accounts-cut": replace(
            accounts.accounts(desk, 0),
            query="globex",
            alert=say(Message("This address was cut or changed. Clear the filters to begin again.")),
        ),
        "desk-account-empty": accounts.account(desk, 0),
        "desk-account": accounts.account(desk, 5),
        "desk-account-crowded": accounts.account(full, 60),
        "desk-links-empty": links.links(desk, 0),
        "desk-links-none-found": replace(links.links(desk, 0), query=LONG[1], status="used"),
        "desk-links": links.links(desk, 4),
        "desk-links-crowded": links.links(full, 25),
        "desk-link-empty": links.link(desk, 0),
        "desk-link": links.link(desk, 5),
        "desk-link-crowded": links.link(full, 60),
        "desk-new-link": links.new_link(desk),
        "desk-new-link-asking": links.new_link(desk, asking=True),
        "desk-new-link-asking-crowded": links.new_link(full, asking=True),
        "desk-new-link-refused": links.new_link(full, refused=True),
        "desk-link-made": links.link_made(desk),
        "desk-link-made-crowded": links.link_made(full),
        "desk-attempts-empty": accounts.attempts(desk, 0),
        "desk-attempts-none-found": replace(accounts.attempts(desk, 0), provider="societe", days="7"),
        "desk-attempts": accounts.attempts(desk, 3),
        "desk-attempts-crowded": accounts.attempts(full, 25),
        "desk-webhooks-empty": webhooks.endpoints(desk, 0),
        "desk-webhooks": webhooks.endpoints(desk, 3),
        "desk-webhooks-crowded": webhooks.endpoints(full, 25),
        "desk-webhook-empty": webhooks.endpoint(desk, 0),
        "desk-webhook-none-found": webhooks.endpoint(desk, 0, state="dead"),
        "desk-webhook": webhooks.endpoint(desk, 5),
        "desk-webhook-disabled": webhooks.endpoint(desk, 5, disabled=True),
        "desk-webhook-crowded": webhooks.endpoint(full, 25),
        "desk-new-webhook": webhooks.endpoint_form(desk),
        "desk-new-webhook-refused": webhooks.endpoint_form(full, refused=True),
        "desk-webhook-change": webhooks.endpoint_form(desk, is_new=False),
        "desk-secret": SecretMade(
            frame=desk.frame("webhooks"),
            about=Untrusted("https://hooks.payroll.example/connect", limit=120),
            secret="whsec_c2FtcGxlLXNlY3JldC1ub3QtcmVhbA==",  # noqa: S106 - a sample
            next_url="/d/webhook",
        ),
        "desk-delivery-empty": webhooks.delivery(desk, 0),
        "desk-delivery": webhooks.delivery(desk, 2),
        "desk-delivery-crowded": webhooks.delivery(full, 9),
        "desk-connectors-empty": connectors.connectors(desk, 0),
        "desk-connectors": connectors.connectors(desk, 4),
        "desk-connectors-crowded": connectors.connectors(full, len(KEYS)),
        "desk-connector": connectors.connector(desk),
        "desk-connector-crowded": connectors.connector(full),
        "desk-client": connectors.client(desk),
        "desk-client-refused": connectors.client(full, refused=True),
        "desk-confirm": connectors.confirm(desk, danger=False),
        "desk-confirm-affected": connectors.confirm(desk, danger=True),
        "desk-confirm-affected-crowded": connectors.confirm(full, danger=True),
        "desk-keys-empty": setup.keys(desk, 0),
        "desk-keys": setup.keys(desk, 4),
        "desk-keys-refused": setup.keys(full, 2, refused=True),
        "desk-keys-crowded": setup.keys(full, 60),
        "desk-key-made": KeyMade(
            frame=desk.frame("keys"),
            name=Untrusted("payroll"),
            key="chk_live_0f3c9ab277d1_c2FtcGxlLWtleS1ub3QtcmVhbA",
            list_url="/d/keys",
        ),
        "desk-audit-empty": setup.audit(desk, 0),
        "desk-audit-none-found": replace(setup.audit(desk, 0), subject=LONG[1], action="owner.erased"),
        "desk-audit": setup.audit(desk, 4),
        "desk-audit-crowded": setup.audit(full, 50),
        "desk-settings": setup.settings(desk),
        "desk-settings-crowded": setup.settings(full),
    }
