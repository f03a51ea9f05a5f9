"""A hub with a dashboard, and operators in browsers without a screen."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from connect_hub import HubConfig, NetworkConfig, Project, RateConfig, Secret
from connect_hub.audit import Actor, ActorKind
from connect_hub.connectors.catalog import parse
from connect_hub.connectors.definition import Connector
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.operators import Role
from connect_hub.testing import SimulatedProvider
from connect_hub.testing.provider.connectors import key_toml, oauth_toml
from tests.customer import Customer, Seen
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub

__all__ = ["DESK", "OTHER_KEY", "Staff", "either_connector", "later_connector", "make_desk", "sign_in"]

DESK = "/connect/dashboard/in/default"

OTHER_KEY = "other-api-key-0123456789-0123456789-abc"
PROJECTS = {"default": Project(api_keys=[Secret(API_KEY)]), "other": Project(api_keys=[Secret(OTHER_KEY)])}
TESTER = Actor(ActorKind.COMMAND_LINE, "tester", "tester", "test")


@dataclass
class Staff:
    """A hub and the tokens of its operators."""

    made: Hub
    tokens: dict[str, str] = field(repr=False)

    async def browser(self, who: str) -> Customer:
        """A browser in which `who` is signed in; 'nobody' is signed in nowhere."""
        customer = Customer(self.made.hub, headers={"accept": "text/html"})
        if who != "nobody":
            await sign_in(customer, self.tokens[who])
        return customer

    async def connected(self, owner: str = "42", name: str = "Acme", project: str = "default") -> str:
        """The id of an account of this customer, who has just connected it."""
        hub = self.made.hub
        link = await hub.links.create(origin_owner_id=owner, origin_owner_name=name, project=project)
        customer = Customer(hub)
        done = await customer.press(
            await customer.pick(link.url, "Acme Key"), "Connect Acme Key", {"f.api_key": GOOD_KEY}
        )
        assert done.heading == "Acme Key is connected"
        return (await hub.accounts.list(project=project, origin_owner_ids=[owner]))[0].id


async def sign_in(customer: Customer, token: str) -> Seen:
    """Sign in with a token: the page after it."""
    return await customer.press(await customer.get("/connect/dashboard"), "Sign in", {"token": token})


def later_connector() -> Connector:
    """`later`, 'Later Login': the simulated provider's sign-in, for which code has no client."""
    toml = oauth_toml(base_url=SimulatedProvider().base_url, name="Later")
    return parse(toml.replace('key = "simulated"', 'key = "later"'), "later.toml")


def either_connector() -> Connector:
    """`either`, 'Either Login': signed in to by OAuth, for which code has no client, or by an API key."""
    address = SimulatedProvider().base_url
    toml = oauth_toml(base_url=address, name="Either").replace('key = "simulated"', 'key = "either"')
    key = key_toml(base_url=address)
    return parse(toml + key[key.index("[[methods]]") : key.index("[methods.probe]")], "either.toml")


async def make_desk(tmp_path: Path, **config: object) -> Staff:
    """A hub of two projects with a viewer, an operator and an admin of `default`, and an admin of `other`."""
    base = HubConfig(
        projects=PROJECTS,
        dashboard=DashboardConfig(auth=OperatorTokens()),
        network=NetworkConfig(rates=RateConfig(per_client=None, per_operator=None)),
    )
    whole = replace(base, **config)  # type: ignore[arg-type]
    made = make_hub(tmp_path, config=whole, connectors=[later_connector(), either_connector()])
    tokens = {}
    for who, roles in (
        ("viewer", {"default": Role.VIEWER}),
        ("operator", {"default": Role.OPERATOR}),
        ("admin", {"default": Role.ADMIN}),
        ("stranger", {"other": Role.ADMIN}),
        ("chief", {"*": Role.ADMIN}),
    ):
        tokens[who] = (await made.hub.operators.add(name=who.title(), roles=roles)).token
    return Staff(made, tokens)
