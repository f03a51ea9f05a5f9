"""What can be done with an account."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.message import Message
from connect_hub.models import Account, AccountType
from connect_hub.operators import Role
from connect_hub.web.contexts import FieldView
from connect_hub.web.dashboard.asking import Asked, AskingPages, Question
from connect_hub.web.dashboard.contexts import Action
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["AccountActions"]


class AccountActions(AskingPages[Account]):
    """Handlers of `/dashboard/in/{project}/accounts/{account_id}/{action}`."""

    route, param = "dashboard_account_action", "account_id"
    page, section = "dashboard_account", "dashboard_accounts"

    def _questions(self) -> Mapping[str, Question[Account]]:
        flow = self.flows.accounts

        return {
            "suspend": Question(
                Role.OPERATOR,
                Message("Suspend"),
                Message("Suspend this account?"),
                Message(
                    "Its credentials are kept and not used, until you resume it. Your customer need do "
                    "nothing."
                ),
                self._suspend,
                field=self._reason,
            ),
            "resume": Question(
                Role.OPERATOR,
                Message("Resume"),
                Message("Resume this account?"),
                Message("Its credentials may be used again from now on."),
                self._doing(flow.resume, Done.RESUMED),
            ),
            "convert-to-test": Question(
                Role.OPERATOR,
                Message("Convert to test"),
                Message("Convert this account to a test account?"),
                Message("It is marked as a test account everywhere. You can convert it back."),
                self._doing(partial(flow.convert, type=AccountType.TEST), Done.CONVERTED_TO_TEST),
            ),
            "convert-to-production": Question(
                Role.OPERATOR,
                Message("Convert to production"),
                Message("Convert this account to a production account?"),
                Message("It is used in earnest from now on. You can convert it back."),
                self._doing(partial(flow.convert, type=AccountType.PRODUCTION), Done.CONVERTED_TO_PRODUCTION),
            ),
            "disconnect": Question(
                Role.OPERATOR,
                Message("Disconnect"),
                Message("Disconnect this account?"),
                Message(
                    "Its credentials are destroyed here, and revoked at the provider where it offers that. "
                    "This cannot be undone: your customer would have to connect again."
                ),
                self._disconnect,
                danger=True,
            ),
        }

    async def _row(self, request: Request, desk: Desk) -> Account:
        return await self.flows.accounts.get(request.path_params["account_id"], project=desk.project)

    def _about(self, row: Account) -> Untrusted:
        return Untrusted(f"{row.origin_owner_name} · {self.provider(row.provider).name}")

    def _reason(self, asked: Asked[Account]) -> FieldView:
        say = self.say(asked.request)
        return FieldView(
            name="reason",
            label=say(Message("Reason")),
            required=False,
            help=say(Message("It stands at the account, in the API and in the audit log.")),
            value=asked.fields.get("reason", ""),
        )

    async def _suspend(self, asked: Asked[Account]) -> Response:
        reason = asked.fields.get("reason", "").strip()
        await self.flows.accounts.suspend(asked.row.id, reason=reason, project=asked.desk.project)
        return self.see(self._back(asked.request, asked.desk), Done.SUSPENDED)

    async def _disconnect(self, asked: Asked[Account]) -> Response:
        await self.flows.accounts.delete(asked.row.id, project=asked.desk.project)
        return self.see(self.path(asked.desk, "dashboard_accounts"), Done.DISCONNECTED)

    def of(self, request: Request, desk: Desk, account: Account, *, offered: bool) -> tuple[Action, ...]:
        """What the operator may do with it now. `offered`: whether customers can connect its provider."""
        if not desk.may(Role.OPERATOR):
            return ()
        names = [
            "resume" if account.is_suspended else "suspend",
            "convert-to-production" if account.type is AccountType.TEST else "convert-to-test",
            "disconnect",
        ]
        buttons = self._buttons(request, desk, names, account.id)
        if not offered:
            return buttons
        reconnect = with_query(self.path(desk, "dashboard_new_link"), [("account", account.id)])
        return (Action(self.say(request)(Message("Reconnect link")), reconnect), *buttons)
