"""The answers of a provider that is broken on the outside: before its own code is reached."""

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from connect_hub.testing.provider.faults import Fault, FaultPoint, Faults

__all__ = ["broken_answer"]


def broken_answer(fault: Fault | None, point: FaultPoint, faults: Faults) -> Response | None:
    """The whole answer that `fault` stands for; None if all is well or the endpoint itself has to play it."""
    match fault:
        case Fault.UNAVAILABLE:
            return unavailable()
        case Fault.RATE_LIMITED:
            content = {"error": "rate_limited", "error_description": "Too many requests."}
            return JSONResponse(content, 429, {"retry-after": str(faults.retry_after)})
        case Fault.HTML:
            return HTMLResponse("<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>")
        case Fault.REDIRECT:
            return RedirectResponse(faults.elsewhere, 307)
        case Fault.ERROR_WITH_200 if point is FaultPoint.TOKEN:
            description = "The code passed is incorrect or expired."
            return JSONResponse(
                {"ok": False, "error": "bad_verification_code", "error_description": description}
            )
        case Fault.ERROR_WITH_200:
            return JSONResponse({"ok": False, "error": "not_authed"})
        case Fault.FORBIDDEN:
            return JSONResponse({"error": {"code": "forbidden", "message": "Ask your administrator."}}, 403)
        case Fault.UNAUTHORIZED:
            headers = {"www-authenticate": 'Bearer error="invalid_token"'}
            return JSONResponse({"error": {"code": "invalid_token", "message": "Simulated."}}, 401, headers)
        case _:
            return None


def unavailable() -> Response:
    return Response("Service Unavailable", 503, media_type="text/plain")
