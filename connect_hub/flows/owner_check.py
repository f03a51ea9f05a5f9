"""That the person at the browser is the owner whom a session is for, as the host's own sign-in says."""

import inspect

from connect_hub.errors import BindingRefused, ConfigurationError
from connect_hub.flows.core import Core
from connect_hub.identity import SignIn, Subject, Visitor
from connect_hub.message import Message
from connect_hub.models import Binding, Session

__all__ = ["OwnerCheck"]


class OwnerCheck:
    """Asks the host's `Identity` for sessions that are bound to it; all others pass."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def sign_in_url(self, session: Session, visitor: Visitor) -> str | None:
        """Where the host signs people in, if the session needs that and nobody is. Raises BindingRefused."""
        url, _ = await self.identify(session, visitor)
        return url

    async def require(self, session: Session, visitor: Visitor) -> None:
        """Raise BindingRefused unless the person at the browser is whom the session is bound to."""
        if await self.sign_in_url(session, visitor) is not None:
            raise BindingRefused(
                Message("You are not signed in any more. Sign in, then open the link again.")
            )

    async def identify(self, session: Session, visitor: Visitor) -> tuple[str | None, str | None]:
        """(where to sign in, who is signed in); raises BindingRefused if it is another than the owner."""
        weakest = self._core.config.links.binding
        if Binding.HOST_IDENTITY not in {session.binding, weakest}:
            return None, None
        identity = self._core.config.pages.identity
        if identity is None:
            raise BindingRefused(Message("This link needs a sign-in that is not configured here."))
        answer = identity(visitor)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, SignIn):
            return answer.url, None
        if not isinstance(answer, Subject):
            raise ConfigurationError("identity: it must return a Subject or a SignIn.")
        # Both are looked at: a key of one project may give its owners the ids of another project's.
        if self._project_of(answer) != session.project_id or answer.owner_id != session.origin_owner_id:
            raise BindingRefused
        return None, answer.owner_id

    def _project_of(self, subject: Subject) -> str:
        """Raises ConfigurationError if the subject is of no project and the hub has several."""
        if subject.project is not None:
            return subject.project
        projects = self._core.config.projects
        if len(projects) > 1:
            raise ConfigurationError(
                "identity: this hub has several projects, so say whose owner it is: "
                "return Subject(owner_id, project=…)."
            )
        return next(iter(projects))
