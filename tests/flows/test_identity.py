"""The binding `host_identity` in a hub of several projects, whose owner ids are each project's own."""

from pathlib import Path

import pytest

from connect_hub import HubConfig, PageConfig, Project, Secret, SignIn, Subject, Visitor
from connect_hub.flows.sessions import IssuedSession
from connect_hub.models import Binding
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub
from tests.web.stored import counts

REFUSED = (403, "This link is not for you")


class Login:
    """The host's sign-in: whoever it is set to."""

    def __init__(self, answer: Subject | SignIn) -> None:
        self.answer = answer

    def __call__(self, visitor: Visitor) -> Subject | SignIn:
        return self.answer


def hub_of(folder: Path, login: Login, *projects: str) -> Hub:
    found = {name: Project(api_keys=[Secret(API_KEY + name)]) for name in projects}
    return make_hub(folder, config=HubConfig(projects=found, pages=PageConfig(identity=login)))


async def bound_link(made: Hub, project: str, *, manage: bool = False) -> IssuedSession:
    return await made.hub.links.create(
        project=project,
        origin_owner_id="42",
        origin_owner_name="Acme",
        provider="simulated-key",
        binding=Binding.HOST_IDENTITY,
        manage=manage,
    )


@pytest.mark.parametrize("manage", [False, True])
async def test_owner_of_one_project_does_not_connect_into_another(tmp_path: Path, manage: bool) -> None:
    """T1, T51: owner 42 of a project is let into no link of another project that calls its owner 42 too,
    neither at the confirmation nor later: no visit, no account, no event; its own link goes on."""
    login = Login(Subject("42", project="b"))
    made = hub_of(tmp_path, login, "a", "b")
    forged, own = await bound_link(made, "a", manage=manage), await bound_link(made, "b", manage=manage)
    seen = await Customer(made.hub).enter(forged.url)
    assert (seen.status, seen.heading) == REFUSED
    assert {name: counts(tmp_path)[name] for name in ("visits", "accounts", "events")} == {
        "visits": 0,
        "accounts": 0,
        "events": 0,
    }
    customer = Customer(made.hub)
    inside = await customer.enter(own.url)
    form = await customer.get("/".join(inside.url.split("/")[:6]) + "/connect/simulated-key")
    login.answer = Subject("42", project="a")
    for later in (
        await customer.get(form.url),
        await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY}),
    ):
        assert (later.status, later.heading) == REFUSED
    login.answer = Subject("42", project="b")
    assert (await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})).status == 200
    [account] = await made.hub.accounts.list(project="b")
    assert account.project_id == "b"
    assert await made.hub.accounts.list(project="a") == []


async def test_several_projects_need_the_subject_of_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """T1: where there are several projects, a subject of none lets nobody in, and the log says the fix."""
    made = hub_of(tmp_path, Login(Subject("42")), "a", "b")
    for project in ("a", "b"):
        seen = await Customer(made.hub).enter((await bound_link(made, project)).url)
        assert seen.status == 500
    assert counts(tmp_path)["visits"] == 0
    assert "Subject(owner_id, project=…)" in caplog.text


async def test_one_project_need_not_be_named(tmp_path: Path) -> None:
    """T1: where there is one project, a subject without one is of that one, by whatever name; one that names
    another is refused."""
    login = Login(Subject("42"))
    made = hub_of(tmp_path, login, "only")
    link = await bound_link(made, "only")
    for answer, status in (
        (Subject("42"), 200),
        (Subject("42", "only"), 200),
        (Subject("42", "default"), 403),
    ):
        login.answer = answer
        assert (await Customer(made.hub).enter(link.url)).status == status
