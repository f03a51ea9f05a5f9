"""nginx as a proxy in front of a server: a process of the test's own, never the system's service."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.node import ROOT

__all__ = ["Proxy", "proxying"]

_CONFIG = """\
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log notice;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    {http}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto https;
        {locations}
    }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    address: tuple[str, int]


def nginx_path() -> str:
    """The program: the system's, or what scripts/test has unpacked."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.venv/nginx/usr/sbin")
    assert path is not None, "nginx is missing: scripts/test unpacks it"
    return path


@contextmanager
def proxying(folder: Path, locations: str, *, http: str = "access_log off;") -> Iterator[Proxy]:
    """Run nginx with these `location` blocks, and `http` beside its server; its files are in `folder`."""
    # Held, never listened on: nobody else gets the port, and nginx shares it.
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        address = held.getsockname()
        config = folder / "nginx.conf"
        config.write_text(
            _CONFIG.format(
                folder=folder,
                port=address[1],
                http=http,
                locations=locations,
                user="user root;" if os.geteuid() == 0 else "",  # the folders of a test are its user's alone
            )
        )
        log = folder / "error.log"
        process = subprocess.Popen(
            [nginx_path(), "-p", folder, "-c", config, "-e", log], stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_it_listens(address, process, log)
            yield Proxy(address)
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_it_listens(address: tuple[str, int], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(address, 5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx does not listen: {log.read_text() if log.exists() else 'it said nothing'}")
