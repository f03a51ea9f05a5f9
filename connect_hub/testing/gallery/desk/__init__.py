"""The operators' pages from sample contexts: empty, with a few rows, and full of long ones."""

from dataclasses import replace

from connect_hub.message import Message
from connect_hub.testing.gallery.desk import accounts, links, setup, webhooks
from connect_hub.testing.gallery.desk.desk import KEYS, Desk
from connect_hub.web.contexts import Form, Page
from connect_hub.web.dashboard.contexts import KeyMade, Refused, SecretMade, SignInPage
from connect_hub.web.languages import Language
from connect_hub.web.untrusted import Untrusted

__all__ = ["dashboard_samples"]


def dashboard_samples(language: Language | None = None) -> dict[str, Page]:
    """The pages by file name, in `language`."""
    desk = Desk(Language("en") if language is None else language)
    say = desk.say
    return {
        "desk-sign-in": SignInPage(form=Form("/d/sign-in")),
        "desk-refused": Refused(
            title=say(Message("Your role does not allow this")),
            text=say(Message("Your role does not allow this")),
            code="role_required",
            reference="01JD9M2Z7K",
            home_url="/d",
        ),
        "desk-overview-empty": accounts.home(desk, 0),
        "desk-overview": accounts.home(desk, 2),
        "desk-overview-crowded": accounts.home(desk, 400),
        "desk-accounts-empty": accounts.accounts(desk, 0),
        "desk-accounts": accounts.accounts(desk, 4),
        "desk-accounts-crowded": accounts.accounts(desk, 25, crowded=True),
        "desk-accounts-cut": replace(
            accounts.accounts(desk, 0),
            query="globex",
            alert=say(Message("This address was cut or changed. Clear the filters to begin again.")),
        ),
        "desk-account": accounts.account(desk, 5),
        "desk-account-crowded": accounts.account(desk, 60, crowded=True),
        "desk-links-empty": links.links(desk, 0),
        "desk-links": links.links(desk, 4),
        "desk-links-crowded": links.links(desk, 25, crowded=True),
        "desk-link": links.link(desk),
        "desk-new-link": links.new_link(desk),
        "desk-new-link-asking": links.new_link(desk, asking=True),
        "desk-link-made": links.link_made(desk),
        "desk-attempts-empty": accounts.attempts(desk, 0),
        "desk-attempts": accounts.attempts(desk, 3),
        "desk-attempts-crowded": accounts.attempts(desk, 25),
        "desk-webhooks-empty": webhooks.endpoints(desk, 0),
        "desk-webhooks": webhooks.endpoints(desk, 3),
        "desk-webhooks-crowded": webhooks.endpoints(desk, 25),
        "desk-webhook-empty": webhooks.endpoint(desk, 0),
        "desk-webhook": webhooks.endpoint(desk, 5),
        "desk-webhook-crowded": webhooks.endpoint(desk, 25),
        "desk-new-webhook": webhooks.new_endpoint(desk),
        "desk-secret": SecretMade(
            frame=desk.frame("webhooks"),
            about=Untrusted("https://hooks.payroll.example/connect", limit=120),
            secret="whsec_c2FtcGxlLXNlY3JldC1ub3QtcmVhbA==",  # noqa: S106 - a sample
            next_url="/d/webhook",
        ),
        "desk-delivery": webhooks.delivery(desk),
        "desk-connectors-empty": setup.connectors(desk, 0),
        "desk-connectors": setup.connectors(desk, 4),
        "desk-connectors-crowded": setup.connectors(desk, len(KEYS)),
        "desk-connector": setup.connector(desk),
        "desk-client": setup.client(desk),
        "desk-confirm": setup.confirm(desk, danger=False),
        "desk-confirm-affected": setup.confirm(desk, danger=True),
        "desk-keys-empty": setup.keys(desk, 0),
        "desk-keys": setup.keys(desk, 4),
        "desk-key-made": KeyMade(
            frame=desk.frame("keys"),
            name=Untrusted("payroll"),
            key="chk_live_0f3c9ab277d1_c2FtcGxlLWtleS1ub3QtcmVhbA",
            list_url="/d/keys",
        ),
        "desk-audit-empty": setup.audit(desk, 0),
        "desk-audit": setup.audit(desk, 4),
        "desk-audit-crowded": setup.audit(desk, 50),
        "desk-settings": setup.settings(desk),
    }
