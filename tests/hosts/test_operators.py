"""The dashboard behind a host's own sign-in: Starlette's, Flask-Login's, Django's; and in the examples."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from connect_hub import ConnectHub, HubConfig, KeyRing
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.errors import ConfigurationError
from connect_hub.hosts.identities.gateway import header_identity
from connect_hub.hosts.operators.flask_login import flask_login_operators
from connect_hub.hosts.operators.starlette import starlette_operators
from connect_hub.identity import SignIn, Visitor
from connect_hub.keys import new_key_text
from connect_hub.operators import NoOperator, Operator, Role
from examples.fastapi_app import create_app as payday
from examples.flask_app import create_app as roster
from examples.settings import Settings
from examples.simulation import simulation
from tests.customer import Customer
from tests.examples.browsing import Browser, FlaskTestClient
from tests.hubs import make_hub

ROLES: dict[str, Mapping[str, Role] | None] = {
    "ada": {"*": Role.ADMIN},
    "bob": {"default": Role.VIEWER},
    "eve": None,
}


class ByHeader(AuthenticationBackend):
    """Believes what a header says; a test's stand-in for a real session."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        name = conn.headers.get("x-user")
        return None if name is None else (AuthCredentials(["authenticated"]), SimpleUser(name))


async def test_starlette_s_authentication_middleware(tmp_path: Path) -> None:
    """Its user is the operator, with the roles that the host gives; nobody is sent to the host's sign-in, and
    whoever has no role is refused. Forms work, and whoever loses a role is out at the next request."""
    roles = dict(ROLES)

    def role_of(user: object) -> Mapping[str, Role] | None:
        return roles[getattr(user, "display_name", "")]

    auth = starlette_operators(role_of, sign_in="https://hub.test/login")
    made = make_hub(tmp_path, config=HubConfig(dashboard=DashboardConfig(auth=auth)))
    app = Starlette(
        routes=[Mount("/connect", app=made.hub.app)],
        middleware=[Middleware(AuthenticationMiddleware, backend=ByHeader())],
    )
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test") as http:

        async def ask(path: str, user: str | None = None) -> httpx2.Response:
            headers = {"accept": "text/html", **({} if user is None else {"x-user": user})}
            return await http.get(f"/connect/dashboard/in/default{path}", headers=headers)

        nobody = await ask("/accounts?status=active")
        assert nobody.status_code == 303
        assert nobody.headers["location"] == (
            "https://hub.test/login?next=%2Fconnect%2Fdashboard%2Fin%2Fdefault%2Faccounts%3Fstatus%3Dactive"
        )
        assert (await ask("/keys", "ada")).status_code == 200
        assert (await ask("/accounts", "bob")).status_code == 200
        assert (await ask("/keys", "bob")).status_code == 403
        assert (await ask("/accounts", "eve")).status_code == 403
        assert "Sign out" not in (await ask("", "ada")).text  # it is the host's
        assert (await http.get("/connect/dashboard/sign-in")).status_code == 404
        roles["bob"] = None
        assert (await ask("/accounts", "bob")).status_code == 403


async def test_the_menu_leads_back_to_the_application_and_out_of_it(tmp_path: Path) -> None:
    """Where the host says how; nothing but an address of the web is taken."""

    def auth(visitor: Visitor) -> Operator:
        return Operator("7", "Ada", {"*": Role.ADMIN})

    dashboard = DashboardConfig(
        auth=auth, home_url="/staff?a=1&b=2", sign_out_url="https://app.example/logout"
    )
    made = make_hub(tmp_path, config=HubConfig(dashboard=dashboard))
    page = await Customer(made.hub).get("/connect/dashboard/in/default")
    assert page.link("Back to the application") == "/staff?a=1&b=2"
    assert page.link("Sign out") == "https://app.example/logout"
    await made.hub.aclose()
    for wrong in ("javascript:alert(1)", "//evil.example", "staff", "/a b", ""):
        with pytest.raises(ConfigurationError, match=r"dashboard\.home_url.* neither a path nor"):
            DashboardConfig(auth=auth, home_url=wrong)
    with pytest.raises(ConfigurationError, match=r"dashboard\.home_url.* is plain http"):
        DashboardConfig(auth=auth, home_url="http://app.example/")
    for own in ("http://localhost", "http://127.0.0.1:8000/staff", "http://app.localhost:8000?a=1"):
        DashboardConfig(auth=auth, home_url=own)
    with pytest.raises(ConfigurationError, match="the hub signs out itself"):
        DashboardConfig(auth=OperatorTokens(), sign_out_url="/logout")


def test_where_the_host_signs_in_is_a_path_or_a_web_address() -> None:
    """Anything else would lead to somewhere below the hub: it is refused where it is written down, by the
    adapters when they are made."""
    made: list[Callable[[str], object]] = [
        SignIn,
        NoOperator,
        lambda to: starlette_operators(ROLES.get, sign_in=to),
        lambda to: flask_login_operators(Flask("own"), ROLES.get, sign_in=to),
        lambda to: header_identity("X-User", gateways=["10.0.0.0/8"], sign_in=to),
    ]
    for make in made:
        for wrong in ("login", "//evil.example/login", "http://login.example/"):
            with pytest.raises(ConfigurationError, match=r"sign_in: .* Write it as /login or https://"):
                make(wrong)
        make("/login?from=hub")


async def test_a_form_after_the_sign_in_ran_out_leads_to_another_origin_by_a_page(tmp_path: Path) -> None:
    """T30: browsers hold a form's redirects to `form-action 'self'`, so where the host signs in on another
    origin, a form is answered by a page that goes on there, and a link; nothing was done."""
    signed_in = True

    def auth(visitor: Visitor) -> Operator | SignIn:
        if signed_in:
            return Operator("ada", "Ada", {"*": Role.ADMIN})
        return SignIn("https://login.test/in?for=hub")

    made = make_hub(tmp_path, config=HubConfig(dashboard=DashboardConfig(auth=auth)))
    browser = Customer(made.hub, headers={"accept": "text/html"})
    page = await browser.get("/connect/dashboard/in/default/keys")
    signed_in = False
    seen = await browser.press(page, "Create key", {"name": "payroll"})
    assert (seen.status, seen.heading) == (200, "You are being sent to login.test")
    next_ = "/connect/dashboard/in/default/keys?done=signed-out"
    to = f"https://login.test/in?for=hub&next={quote(next_, safe='')}"
    assert (seen.refresh, seen.link("Go to login.test now")) == (to, to)
    assert "location" not in seen.headers
    asked = await browser.request("GET", "/connect/dashboard/in/default/keys")
    assert (asked.status, asked.headers["location"].partition("?")[0]) == (303, "https://login.test/in")
    assert await made.hub.api_keys.list() == []
    signed_in = True
    assert "You were signed out. What you sent was not done." in (await browser.get(next_)).text


def test_a_starlette_user_is_known_by_what_does_not_change() -> None:
    """The log names an operator by `identity` or by what the host says, never by a name that two may have;
    users without either are refused, with what to do."""

    class Named(BaseUser):
        is_authenticated = True

        def __init__(self, name: str, number: int) -> None:
            self.name, self.number = name, number

        @property
        def display_name(self) -> str:
            return self.name

    def roles(_: object) -> Mapping[str, Role]:
        return {"*": Role.VIEWER}

    def who(auth: Callable[[Visitor], object], user: BaseUser) -> object:
        return auth(Visitor(scope={"type": "http", "user": user}, cookies={}, headers={}))

    by_number = starlette_operators(roles, operator_id=lambda user: user.number)
    ids = [who(by_number, Named("Ada", number)) for number in (0, 1)]
    assert [(one.id, one.name) for one in ids if isinstance(one, Operator)] == [("0", "Ada"), ("1", "Ada")]
    plain = who(starlette_operators(roles), SimpleUser("ada"))
    assert isinstance(plain, Operator)
    assert plain.id == "ada"
    with pytest.raises(ConfigurationError, match="operator_id="):
        who(starlette_operators(roles), Named("Ada", 1))


class Login(UserMixin):
    """A user of flask-login."""

    def __init__(self, name: str) -> None:
        self.id: str = name


async def test_flask_login_s_current_user() -> None:
    """Whoever flask-login knows by the browser's cookie is the operator."""
    app = Flask(__name__)
    app.secret_key = "made up"
    LoginManager(app).user_loader(lambda name: Login(name) if name in ROLES else None)

    @app.get("/as/<name>")
    def sign_in(name: str) -> str:
        login_user(Login(name))
        return name

    auth = flask_login_operators(app, lambda user: ROLES[user.id], sign_in="/login")

    async def known(name: str | None) -> object:
        client = app.test_client()
        if name is not None:
            client.get(f"/as/{name}")
        cookie = client.get_cookie("session")
        headers = {} if cookie is None else {"cookie": f"session={cookie.value}"}
        return await auth(Visitor(headers, {}, {"type": "http", "scheme": "https"}))

    assert await known(None) == SignIn("/login")
    assert await known("ada") == Operator("ada", "ada", {"*": Role.ADMIN})
    assert await known("eve") == NoOperator("/login")


DJANGO = """
import asyncio, json, sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="made up",
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
)
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.test import Client
from connect_hub.hosts.operators.django_staff import django_operators
from connect_hub.identity import Visitor
call_command("migrate", verbosity=0)
User = get_user_model()
made = {
    "ada": User.objects.create_superuser("ada", password="x", first_name="Ada", last_name="Lovelace"),
    "sam": User.objects.create_user("sam", password="x", is_staff=True),
    "eve": User.objects.create_user("eve", password="x"),
}
auth = django_operators(sign_in="/admin/login/")
def asked(cookies):
    return repr(asyncio.run(auth(Visitor({}, cookies, {}))))
def cookies_of(user):
    client = Client()
    client.force_login(user)
    return {"sessionid": client.cookies["sessionid"].value}
answers = {name: asked(cookies_of(user)) for name, user in made.items()}
answers["nobody"] = asked({})
answers["forged"] = asked({"sessionid": "x" * 32})
kept = cookies_of(made["sam"])
made["sam"].set_password("another"); made["sam"].save()
answers["password changed"] = asked(kept)
gone = cookies_of(made["ada"])
User.objects.filter(username="ada").update(is_active=False)
answers["switched off"] = asked(gone)
print(json.dumps(answers))
"""


def test_django_s_staff(tmp_path: Path) -> None:
    """A superuser is an administrator, other staff are operators, nobody else is anything; a session ends
    with a change of the password, and with the user. In a process of its own: Django is set up once."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO")}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", DJANGO, str(tmp_path / "host.db")],
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    sign_in = repr(SignIn("/admin/login/"))
    assert answers.pop("ada") == repr(Operator("1", "Ada Lovelace", {"*": Role.ADMIN}))
    assert answers.pop("sam") == repr(Operator("2", "sam", {"*": Role.OPERATOR}))
    assert answers == {
        "eve": repr(NoOperator("/admin/login/")),
        "nobody": sign_in,
        "forged": sign_in,
        "password changed": sign_in,
        "switched off": sign_in,
    }


@pytest.mark.parametrize("example", ["flask", "fastapi"])
async def test_the_examples_have_a_dashboard_for_their_staff(tmp_path: Path, example: str) -> None:
    """Nobody is sent to the application's own sign-in and comes back; a customer is refused; staff make a
    link, and stand in the log."""
    origin = "https://app.example"
    with simulation(f"{origin}/connect") as tools:
        settings = Settings(
            secret_key="made up",
            database_url=f"sqlite:///{tmp_path / 'app.db'}",
            origin=origin,
            keys=KeyRing.from_text(new_key_text()),
            connectors=tools.connectors,
            network=tools.network,
        )
        transport: httpx2.AsyncBaseTransport
        hub: ConnectHub
        if example == "flask":
            flask = roster(settings)
            flask.test_cli_runner().invoke(args=["init-db"])
            transport, hub = FlaskTestClient(flask), flask.extensions["connect_hub"]
        else:
            fastapi = payday(settings)
            transport, hub = httpx2.ASGITransport(app=fastapi), fastapi.state.hub
        customer = Browser(hub, transport)
        seen = await customer.get("/connect/dashboard/in/default/accounts")
        assert seen.heading == "Sign in"
        await customer.press(seen, "Sign in", {"email": "ada@acme.example", "password": "demo"})
        refused = await customer.get("/connect/dashboard/in/default/accounts")
        assert (refused.status, refused.heading) == (403, "This dashboard is not open to you")
        assert refused.link("Sign in as somebody else").startswith(f"{origin}/login?next=")
        staff = Browser(hub, transport)
        seen = await staff.get("/connect/dashboard/in/default/links/new")
        name = "sam@roster.example" if example == "flask" else "sam@payday.example"
        form = await staff.press(seen, "Sign in", {"email": name, "password": "demo"})
        assert form.heading == "Create Auth Link"
        typed = {"origin_owner_id": "42", "origin_owner_name": "Acme", "days": "5"}
        assert (await staff.press(form, "Create link", typed)).heading == "The link is ready"
        log = await staff.get("/connect/dashboard/in/default/audit")
        assert ("Link created" in log.text, name in log.text) == (True, True)
        await hub.aclose()
