"""The customer's way, page by page, in process."""

from pathlib import Path

from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub


async def test_an_api_key_is_tried_before_anything_is_stored(tmp_path: Path) -> None:
    """A wrong key is refused with what was typed kept and nothing stored; the right one makes the account."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    form = await customer.pick(link.url, "Acme Key")
    refused = await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-key-0123456789"})
    assert refused.status == 422
    assert refused.form("Connect Acme Key").fields["f.api_key"] == "wrong-key-0123456789"
    assert await made.hub.accounts.list() == []
    done = await customer.press(refused, "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert (done.status, done.heading) == (200, "Acme Key is connected")
    [account] = await made.hub.accounts.list()
    assert (account.origin_owner_id, account.provider) == ("42", "simulated-key")
    assert (await made.hub.credentials(account.id)).secrets["api_key"].matches(GOOD_KEY)


async def test_oauth_leads_to_the_provider_and_back(tmp_path: Path) -> None:
    """The hop page leads to the provider by a plain link and a refresh; the callback makes the account."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    back = made.provider.approve(leaving.refresh, user="ada")
    done = await customer.get(back)
    assert (done.status, done.heading) == (200, "Acme Login is connected")
    [account] = await made.hub.accounts.list()
    assert account.identity is not None
    assert account.identity.name == "ada"
