"""Asking before doing: whatever changes a row has a page that asks, and is done by that page's form alone."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ValidationFailed
from connect_hub.message import Message
from connect_hub.operators import Role
from connect_hub.web.contexts import FieldView
from connect_hub.web.dashboard.contexts import Action, Affected, Confirm
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields, Guard
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["Asked", "AskingPages", "Question"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Asked(Generic[Row]):
    """What somebody is about to do: who, and with what."""

    request: Request
    desk: Desk
    row: Row
    fields: Mapping[str, str]
    """What the form was sent with; empty while it is asked."""


@dataclass(frozen=True, slots=True)
class Question(Generic[Row]):
    """One thing that can be done with a row, whoever may, and what is asked before."""

    role: Role
    label: Message
    title: Message
    text: Message
    do: Callable[[Asked[Row]], Awaitable[Response]]
    danger: bool = False
    field: Callable[[Asked[Row]], FieldView] | None = None
    """What is asked besides."""
    affected: Callable[[Asked[Row]], Awaitable[Affected | None]] | None = None
    """Which accounts would not be as they were."""


class Work(Protocol):
    """What a flow does with one row of a project."""

    def __call__(self, row_id: str, /, *, project: str) -> Awaitable[object]: ...


class AskingPages(Pages, ABC, Generic[Row]):
    """Handlers of an address that ends with the name of a question."""

    route: ClassVar[str]
    param: ClassVar[str]
    """What the address calls the row's id."""
    page: ClassVar[str]
    """The page of the row, by its route: where the question came from."""
    section: ClassVar[str]
    """The page that stands for it in the menu, by its route."""

    def __init__(self, site: Site, guard: Guard) -> None:
        super().__init__(site, guard)
        self.questions = self._questions()

    @property
    def roles(self) -> Mapping[str, Role]:
        """The least role for each of the questions."""
        return {name: question.role for name, question in self.questions.items()}

    @abstractmethod
    def _questions(self) -> Mapping[str, Question[Row]]:
        """By the name in the address."""

    @abstractmethod
    async def _row(self, request: Request, desk: Desk) -> Row:
        """What the address names. Raises NotFound."""

    @abstractmethod
    def _about(self, row: Row) -> Untrusted | None:
        """The row in words."""

    def _back(self, request: Request, desk: Desk) -> str:
        """The page that the question came from."""
        return self.path(desk, self.page, **{self.param: request.path_params[self.param]})

    async def ask(self, request: Request, desk: Desk) -> Response:
        """Asks before something is done."""
        return await self._ask(Asked(request, desk, await self._row(request, desk), {}), {})

    async def _ask(self, asked: Asked[Row], wrong: Mapping[str, str], *, refusal: str = "") -> Response:
        """`wrong`: what is wrong with the field, by its name; `refusal`: why it cannot be done at all."""
        request, desk, say = asked.request, asked.desk, self.say(asked.request)
        question = self.questions[request.path_params["action"]]
        field = None if question.field is None else question.field(asked)
        page = Confirm(
            frame=self.frame(request, desk, self.section),
            title=say(question.title),
            text=say(question.text),
            alert=say(refusal),
            about=self._about(asked.row),
            form=self.guard.form(desk, self.site.urls.path(self.route, **request.path_params)),
            button=say(question.label),
            danger=question.danger,
            back_url=self._back(request, desk),
            field=None if field is None else replace(field, error=wrong.get(field.name)),
            affected=None if question.affected is None else await question.affected(asked),
        )
        return self.show(request, page, 422 if wrong or refusal else 200)

    async def act(self, request: Request, desk: Desk, fields: Fields) -> Response:
        """Does it; or asks again, with what was typed."""
        question = self.questions[request.path_params["action"]]
        asked = Asked(request, desk, await self._row(request, desk), fields)
        try:
            return await question.do(asked)
        except ValidationFailed as error:
            if question.field is None:
                raise
            return await self._ask(asked, self.refusals(request, error.details, fields))

    def _doing(self, work: Work, done: Done) -> Callable[[Asked[Row]], Awaitable[Response]]:
        """Does it, and goes back to where the question came from, which says that it is done."""

        async def do(asked: Asked[Row]) -> Response:
            await work(asked.request.path_params[self.param], project=asked.desk.project)
            return self.see(self._back(asked.request, asked.desk), done)

        return do

    def _buttons(self, request: Request, desk: Desk, names: Sequence[str], row_id: str) -> tuple[Action, ...]:
        """Those of the questions that the operator may be asked."""
        say = self.say(request)
        return tuple(
            Action(
                say(self.questions[name].label),
                self.path(desk, self.route, action=name, **{self.param: row_id}),
                "danger" if self.questions[name].danger else "secondary",
            )
            for name in names
            if desk.may(self.questions[name].role)
        )
