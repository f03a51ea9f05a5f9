"""Attempts as rows, and back: with their OAuth states and their steps."""

import json

from connect_hub.models import Attempt, AttemptStatus, OAuthState, Step, StepKind
from connect_hub.storage.rows import (
    MILLISECOND,
    Row,
    Values,
    dumped,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = ["attempt_of", "attempt_row", "state_of", "state_row", "step_of", "step_row"]


def attempt_row(attempt: Attempt) -> Row:
    return {
        "id": attempt.id,
        "session_id": attempt.session_id,
        "project_id": attempt.project_id,
        "provider": attempt.provider,
        "method": attempt.method,
        "status": attempt.status.value,
        "visit_name": attempt.visit_name,
        "values": dumped(dict(attempt.values)),
        "error_code": attempt.error_code,
        "error_description": attempt.error_description,
        "account_id": attempt.account_id,
        "held": attempt.held,
        "created_at": milliseconds(attempt.created_at),
        "updated_at": milliseconds(attempt.updated_at),
    }


def attempt_of(values: Values) -> Attempt:
    (
        attempt_id,
        session_id,
        project_id,
        provider,
        method,
        status,
        visit_name,
        typed,
        error_code,
        error_description,
        account_id,
        held,
        created_at,
        updated_at,
    ) = values
    return Attempt(
        id=attempt_id,
        session_id=session_id,
        project_id=project_id,
        provider=provider,
        method=method,
        status=AttemptStatus(status),
        visit_name=visit_name,
        values=json.loads(typed),
        error_code=error_code,
        error_description=error_description,
        account_id=account_id,
        held=None if held is None else bytes(held),
        created_at=instant(created_at),
        updated_at=instant(updated_at),
    )


def state_row(state: OAuthState) -> Row:
    return {
        "state_hash": state.state_hash.hex(),
        "attempt_id": state.attempt_id,
        "session_id": state.session_id,
        "project_id": state.project_id,
        "provider": state.provider,
        "method": state.method,
        "visit_name": state.visit_name,
        "redirect_uri": state.redirect_uri,
        "sealed": state.sealed,
        "issuer": state.issuer,
        "created_at": milliseconds(state.created_at),
        "expires_at": milliseconds(state.expires_at),
        "used_at": milliseconds_or_none(state.used_at),
    }


def state_of(values: Values) -> OAuthState:
    (
        state_hash,
        attempt_id,
        session_id,
        project_id,
        provider,
        method,
        visit_name,
        redirect_uri,
        sealed,
        issuer,
        created_at,
        expires_at,
        used_at,
    ) = values
    return OAuthState(
        state_hash=bytes.fromhex(state_hash),
        attempt_id=attempt_id,
        session_id=session_id,
        project_id=project_id,
        provider=provider,
        method=method,
        visit_name=visit_name,
        redirect_uri=redirect_uri,
        sealed=bytes(sealed),
        issuer=issuer,
        created_at=instant(created_at),
        expires_at=instant(expires_at),
        used_at=instant_or_none(used_at),
    )


def step_row(step: Step, number: int) -> Row:
    """`number` is the step's place in its session."""
    return {
        "session_id": step.session_id,
        "number": number,
        "project_id": step.project_id,
        "kind": step.kind.value,
        "visit_name": step.visit_name,
        "provider": step.provider,
        "method": step.method,
        "attempt_id": step.attempt_id,
        "error_code": step.error_code,
        "took": None if step.took is None else step.took // MILLISECOND,
        "at": milliseconds(step.at),
    }


def step_of(values: Values) -> Step:
    (
        session_id,
        _,
        project_id,
        kind,
        visit_name,
        provider,
        method,
        attempt_id,
        error_code,
        took,
        at,
    ) = values
    return Step(
        session_id=session_id,
        project_id=project_id,
        kind=StepKind(kind),
        visit_name=visit_name,
        provider=provider,
        method=method,
        attempt_id=attempt_id,
        error_code=error_code,
        took=None if took is None else took * MILLISECOND,
        at=instant(at),
    )
