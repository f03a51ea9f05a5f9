"""Samples of the overview, of accounts and of attempts."""

from dataclasses import replace
from datetime import timedelta

from connect_hub.message import Message
from connect_hub.models import AccountStatus
from connect_hub.testing.gallery.desk.desk import KEYS, NOW, Desk
from connect_hub.testing.gallery.product import TOOLS, provider
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.charts import columns, stack
from connect_hub.web.dashboard.contexts import (
    AccountDetail,
    AccountList,
    AccountRow,
    AttemptList,
    Fact,
    FailureRow,
    FunnelLine,
    Home,
    Moment,
    Pager,
    RateRow,
    StateView,
)
from connect_hub.web.dashboard.labels import ADVICE, DONE
from connect_hub.web.dashboard.states import ACCOUNT_STATES, DELIVERY_STATES
from connect_hub.web.untrusted import Untrusted

__all__ = ["account", "accounts", "attempts", "home"]

STATUSES = ("active", "active", "error", "expired", "suspended", "inactive")


def home(desk: Desk, most: int) -> Home:
    days = [(NOW - timedelta(days=29 - n)).date().isoformat() for n in range(30)]
    return Home(
        frame=desk.frame("project"),
        new_link_url="/d/new",
        connected=columns([(day, most * (n * 7 % 11) // 10) for n, day in enumerate(days)], cut=most > 1_000),
        accounts=stack(
            [
                (state.kind, desk.say(state.text), min(3_000, most * share), most * share >= 3_000)
                for state, share in zip(ACCOUNT_STATES.values(), (40, 3, 2, 1, 0), strict=True)
            ]
        ),
        deliveries=stack(
            [
                (state.kind, desk.say(state.text), min(3_000, most * share), most > 1_000)
                for state, share in zip(DELIVERY_STATES.values(), (90, 2, 0, 1), strict=True)
            ]
        ),
        rates=tuple(
            RateRow(provider(key), 12 * most, 9 * most - n, max(0, 75 - 3 * n))
            for n, key in enumerate(KEYS[: min(most, len(KEYS))])
        ),
        attempts_url="/d/attempts",
        most="3,000",
        most_events="1,000",
        rates_cut=most > 1_000,
    )


def accounts(desk: Desk, rows: int) -> AccountList:
    return AccountList(
        frame=desk.frame("accounts"),
        url="/d/accounts",
        rows=tuple(
            AccountRow(
                url="/d/account",
                id=f"acc_{n}",
                owner_name=desk.customer(n)[0],
                owner_id=desk.customer(n)[1],
                provider=provider(KEYS[n % len(KEYS)]),
                states=_states(desk, n),
                is_test=n % 5 == 3,
                created_at=NOW - timedelta(hours=7 * n),
                actions=desk.actions(STATUSES[n % len(STATUSES)], n % 5 == 3),
            )
            for n in range(rows)
        ),
        providers=tuple(OptionView(key, TOOLS[key][0]) for key in KEYS),
        statuses=desk.options(ACCOUNT_STATES),
        new_link_url="/d/new",
        export_url="/d/accounts.csv",
        pager=Pager("/d/accounts", "/d/accounts?cursor=x") if desk.crowded else Pager(),
    )


def _states(desk: Desk, number: int) -> tuple[StateView, ...]:
    shown = [ACCOUNT_STATES[AccountStatus(STATUSES[number % len(STATUSES)])]]
    if desk.crowded and STATUSES[number % len(STATUSES)] == "inactive":
        shown.insert(0, ACCOUNT_STATES[AccountStatus.SUSPENDED])
    return tuple(map(desk.state, shown))


def account(desk: Desk, moments: int) -> AccountDetail:
    crowded = desk.crowded
    name, owner_id = desk.customer(3 if crowded else 0, limit=255)
    connected_as = name if crowded else Untrusted("Jane Doe (jane.doe@globex.example)")
    told = (
        Moment(NOW, desk.action("account.suspended"), who=desk.operator),
        Moment(NOW, _calls(desk, 1204), f"{_failed(desk, 3)} · {_http(desk, 429)}", kind="bad"),
        Moment(NOW, _refreshed(desk, 24)),
        Moment(NOW, desk.action("account.expired"), kind="bad"),
        Moment(NOW, desk.action("account.created"), kind="good"),
    )
    return AccountDetail(
        frame=desk.frame("accounts"),
        done=desk.say(DONE["suspended"]) if moments and not crowded else "",
        id="3sJq8WnVb2kX0dYtR5mZ1A",
        owner_name=name,
        provider=provider("salesforce"),
        states=(desk.state(ACCOUNT_STATES[AccountStatus.ERROR if crowded else AccountStatus.SUSPENDED]),),
        is_test=crowded,
        notes=(),
        reasons=tuple(
            Untrusted(f"Couldn't authenticate you: {why}", limit=200)
            for why in ("the session was ended by an administrator.", "invalid_grant/" * 20)
        )
        if crowded
        else (),
        facts=(
            Fact(desk.say(Message("Origin owner ID")), quoted=owner_id),
            Fact(desk.say(Message("Origin owner name")), quoted=name),
            Fact(
                desk.say(Message("Connected as")),
                quoted=connected_as,
            ),
            Fact(desk.say(Message("Account ID")), code="3sJq8WnVb2kX0dYtR5mZ1A"),
            Fact(desk.say(Message("Connected")), at=NOW - timedelta(days=90)),
            Fact(desk.say(Message("Last used")), at=NOW),
        ),
        history=tuple(replace(told[n % len(told)], at=NOW - timedelta(hours=9 * n)) for n in range(moments)),
        actions=desk.actions("error" if crowded else "suspended", crowded),
        list_url="/d/accounts",
    )


def attempts(desk: Desk, rows: int) -> AttemptList:
    codes = tuple(ADVICE)
    return AttemptList(
        frame=desk.frame("attempts"),
        url="/d/attempts",
        provider="",
        days="30",
        periods=tuple(
            OptionView(str(n), desk.say(Message("Last %(days)s days", days=n))) for n in (7, 30, 90)
        ),
        providers=tuple(OptionView(key, TOOLS[key][0]) for key in KEYS),
        counted="3,000" if desk.crowded else "",
        funnel=tuple(
            FunnelLine(
                provider(key),
                picked=90 - 7 * n,
                submitted=80 - 7 * n,
                connected=70 - 7 * n,
                failed=n,
                percent=78 - n,
                median=desk.say(Message("%(minutes)s min %(seconds)s s", minutes=2, seconds=5 + n)),
            )
            for n, key in enumerate(KEYS[: min(rows, 8)])
        ),
        opened=100 if rows else 0,
        failures=tuple(
            FailureRow(
                at=NOW - timedelta(minutes=50 * n),
                owner_name=desk.customer(n)[0],
                owner_id=desk.customer(n)[1],
                provider=provider(KEYS[n % len(KEYS)]),
                title=desk.say(ADVICE[codes[n % len(codes)]][0]),
                advice=desk.say(ADVICE[codes[n % len(codes)]][1]),
                code=codes[n % len(codes)],
                url="/d/link",
            )
            for n in range(rows)
        ),
        pager=Pager(None, "/d/attempts?cursor=x") if desk.crowded else Pager(),
    )


def _calls(desk: Desk, count: int) -> str:
    text = desk.language.ngettext("%(count)s call on this day", "%(count)s calls on this day", count)
    return text % {"count": f"{count:,}"}


def _failed(desk: Desk, count: int) -> str:
    return desk.language.ngettext("%(count)s failed", "%(count)s failed", count) % {"count": count}


def _refreshed(desk: Desk, count: int) -> str:
    text = desk.language.ngettext(
        "Access refreshed %(count)s time", "Access refreshed %(count)s times", count
    )
    return text % {"count": count}


def _http(desk: Desk, status: int) -> str:
    return desk.say(Message("last with HTTP %(status)s", status=status))
