"""Runs an ASGI application on a free loopback port, in a thread, for as long as a `with` block."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

__all__ = ["serving"]


@contextmanager
def serving(app: ASGIApp, *, before_stop: Callable[[], None]) -> Iterator[str]:
    """Serve `app` under uvicorn and yield its base URL, such as `http://127.0.0.1:43121`.

    The port takes connections when the block begins, and is closed, with the thread gone, when it ends.
    `before_stop` lets go of requests that are being held. Needs the extra `connect-hub[serve]`.

    Raises RuntimeError if the server did not start or does not stop, and without the extra
    ModuleNotFoundError, which says so.
    """
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        said = 'this is served by uvicorn, which is not installed. Run: pip install "connect-hub[serve]"'
        raise ModuleNotFoundError(said, name=error.name) from None

    # Bound and listening before the thread starts: whoever connects too early waits, and is not refused.
    listener = socket.create_server(("127.0.0.1", 0))
    # No access log: it would write the query strings, and with them codes and states.
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        loop="asyncio",
        ws="none",
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    config.access_log = False  # given above, it would end that of every server in the process
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="simulated server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        before_stop()
        failed = not thread.is_alive()
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
    if failed or thread.is_alive():
        raise RuntimeError("the simulated server did not start" if failed else "it does not stop")
