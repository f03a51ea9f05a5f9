"""What every storage must decide alike about the steps of customers."""

import statistics
from collections.abc import Iterable
from datetime import datetime, timedelta

from connect_hub.models import Attempt, Session, Step, StepKind, Visit
from connect_hub.storage.protocol import MOST_STEPS, FunnelRow

__all__ = ["funnel_rows", "is_kept", "opening", "step_of_attempt"]


def opening(visit: Visit, session: Session, now: datetime) -> Step:
    """The step of a visit that began."""
    return Step(
        session_id=session.id,
        project_id=session.project_id,
        kind=StepKind.OPENED,
        visit_name=visit.name,
        provider=session.provider,
        at=now,
    )


def step_of_attempt(attempt: Attempt, kind: StepKind) -> Step:
    """The step that an attempt has taken by what it is now."""
    return Step(
        session_id=attempt.session_id,
        project_id=attempt.project_id,
        kind=kind,
        visit_name=attempt.visit_name,
        provider=attempt.provider,
        method=attempt.method,
        attempt_id=attempt.id,
        error_code=attempt.error_code if kind is StepKind.FAILED else None,
        at=attempt.updated_at,
    )


def is_kept(step: Step, number: int) -> bool:
    """Whether a session's step of this number is written: who holds a link could take any number."""
    return number <= MOST_STEPS or step.kind is StepKind.CONNECTED


def funnel_rows(
    counts: Iterable[tuple[str | None, str, int]],
    took: Iterable[tuple[str | None, int]],
    *,
    cut: bool = False,
) -> list[FunnelRow]:
    """Rows of (provider, kind, sessions) and of (provider, milliseconds) as a funnel."""
    sessions: dict[str | None, dict[StepKind, int]] = {}
    for provider, kind, number in counts:
        sessions.setdefault(provider, {})[StepKind(kind)] = number
    lasted: dict[str | None, list[int]] = {}
    for provider, milliseconds in took:
        lasted.setdefault(provider, []).append(milliseconds)
    return [
        FunnelRow(
            provider,
            sessions[provider],
            timedelta(milliseconds=int(statistics.median(lasted[provider]))) if provider in lasted else None,
            cut,
        )
        for provider in sorted(sessions, key=lambda name: (name is not None, name or ""))
    ]
