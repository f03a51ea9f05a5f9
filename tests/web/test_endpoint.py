"""No error leaves the hub, not even one of a host's own making."""

from pathlib import Path

from connect_hub import HubConfig, LinkRefused, PageConfig
from connect_hub.web.errors import status_of
from tests.customer import Customer
from tests.hubs import make_hub


async def test_a_broken_layout_of_the_hosts_still_ends_in_a_page(tmp_path: Path) -> None:
    """T35: when the host's layout cannot be rendered, neither can the error page: a plain one is answered."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "layout.html").write_text("{{ no_such_name }}")
    made = make_hub(tmp_path, config=HubConfig(pages=PageConfig(templates=[folder])))
    seen = await Customer(made.hub).get("/connect/link")
    assert (seen.status, seen.heading) == (500, "Something went wrong on our side")
    assert "no_such_name" not in seen.text
    assert seen.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_hosts_own_refusal_has_the_status_of_ours() -> None:
    """A host may derive from our errors; an unknown code is looked up by what it derives from."""

    class CreditExceeded(LinkRefused):
        """This customer has no credit left."""

        code = "credit_exceeded"

    assert status_of(CreditExceeded()) == 422


async def test_closing_the_hub_finishes_revocations(tmp_path: Path) -> None:
    """A shutdown right after a deletion still ends the grant at the provider."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    [account] = await made.hub.accounts.list()
    await made.hub.accounts.delete(account.id)
    await made.hub.aclose()
    assert made.provider.calls["revoke"] == 1
