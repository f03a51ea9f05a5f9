"""Hooks of schemathesis: what a schema cannot say, so that data that should be accepted can be.

Which providers, accounts and return addresses there are, and which fields go together only with others.
Loaded by schemathesis itself (`SCHEMATHESIS_HOOKS`); data that is meant to be refused is left as it is.
"""

import itertools
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from schemathesis import GenerationMode, HookContext

PROVIDER = os.environ["CONTRACT_PROVIDER"]
RULED = ("account_id", "return_url", "state", "webhook_url", "binding", "manage")
"""Fields of a session that depend on the hub's accounts and configuration."""
UNTYPED = re.compile(r"query: violates `type` at /properties/(account_ids|origin_owner_ids?|providers?)\b")
numbers = itertools.count()


@schemathesis.hook
def before_call(context: HookContext, case: Any, kwargs: dict[str, Any]) -> None:
    """Put what exists into data that is meant to be accepted."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    query, body = case.query, case.body
    if isinstance(query, dict) and "page" in query:
        query["page"] = 1  # how deep pages reach depends on their size
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"  # another body needs another key
    if not isinstance(body, dict):
        return
    if case.operation.path == "/connect_sessions":
        body.update({name: None for name in RULED if name in body})
        if body.get("provider") is not None:
            body["provider"] = PROVIDER
            body["categories"] = None
        if body.get("providers") is not None:
            body["providers"] = [PROVIDER]
    elif case.operation.path.startswith("/webhook_endpoints"):
        if body.get("url") is not None:
            body["url"] = "https://hooks.example.com/in"  # where it may lead is more than a schema can say
        if body.get("providers") is not None:
            body["providers"] = [PROVIDER]
        now = datetime.now(UTC)
        for name, at in (("since", now), ("replay_since", now), ("until", now + timedelta(days=1))):
            if body.get(name) is not None:
                body[name] = at.isoformat()
    elif body.get("provider") is not None:
        body["provider"] = PROVIDER


@schemathesis.hook
def filter_failure(context: HookContext, failure: Any, case: Any, response: Any) -> bool:
    """A query has no types: null or an object in place of a list of texts is a text on the wire."""
    return UNTYPED.search(failure.message) is None
