"""Debian's Chromium, driven by Playwright's synchronous API.

Browser tests are plain functions: in an async test the synchronous API cannot run. What they talk to runs in
another thread or process.
"""

import asyncio
import os
import shutil
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

__all__ = ["Observed", "OpenPage"]

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class OpenPage(Protocol):
    """What the fixture `open_page` is."""

    def __call__(
        self,
        *,
        javascript: bool = True,
        width: int = 1280,
        height: int = 800,
        color_scheme: Literal["light", "dark"] = "light",
        locale: str = "en-US",
        reduced_motion: bool = False,
    ) -> Page:
        """A page of a new person: no cookies yet."""
        ...


@dataclass
class Observed:
    """What the pages of one test did."""

    console_errors: list[str] = field(default_factory=list)
    """Errors and warnings on the console, CSP violations excepted."""
    csp_violations: list[str] = field(default_factory=list)
    """What a Content-Security-Policy refused, in Chromium's words."""
    page_errors: list[str] = field(default_factory=list)
    """Exceptions that no script caught."""
    requests: list[Request] = field(default_factory=list)
    """Every request, in order: `.method`, `.url`, `.headers`, `.post_data`, `.response()`."""

    def assert_clean(self) -> None:
        """Nothing on the console, nothing refused, nothing thrown."""
        assert (self.console_errors, self.csp_violations, self.page_errors) == ([], [], [])

    def origins(self) -> set[str]:
        """Scheme, host and port of everything that was requested; `data:` URLs are left out."""
        return {"/".join(request.url.split("/", 3)[:3]) for request in self.requests if "://" in request.url}

    def watch(self, page: Page) -> None:
        """Note what `page` does from now on."""
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.page_errors.append(error.message))
        # a function of our own, for Playwright sets an attribute on it
        page.on("request", lambda request: self.requests.append(request))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            refused = "Content Security Policy" in message.text
            where = message.location["url"]
            (self.csp_violations if refused else self.console_errors).append(f"{message.text} [{where}]")


class _Driver:
    """One Chromium for a test worker, whose event loop is only seen while a browser test runs.

    Playwright's synchronous API keeps a loop "running" in this thread from start to stop, and asyncio would
    then refuse to run any async test in between. So the loop is parked between browser tests.
    """

    def __init__(self) -> None:
        self._playwright = sync_playwright().start()
        self._loop: AbstractEventLoop = asyncio.get_running_loop()
        self.browser: Browser = self._playwright.chromium.launch(
            executable_path=chromium_path(), headless=True, args=_FLAGS
        )
        asyncio._set_running_loop(None)

    @contextmanager
    def in_use(self) -> Iterator[Browser]:
        """Playwright may be called inside the block."""
        asyncio._set_running_loop(self._loop)
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(None)

    def close(self) -> None:
        with self.in_use():
            self.browser.close()
            self._playwright.stop()


def chromium_path() -> str:
    """The browser: `$CHROMIUM`, else the system's; AssertionError that says how to get one."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path is not None, (
        "Chromium is missing: scripts/test installs it, or apt-get install chromium, or set CHROMIUM"
    )
    return path


@pytest.fixture(scope="session")
def _chromium_driver() -> Iterator[_Driver]:
    driver = _Driver()
    yield driver
    driver.close()


@pytest.fixture
def chromium(_chromium_driver: _Driver) -> Iterator[Browser]:
    """The running browser; most tests want `page` or `open_page`."""
    with _chromium_driver.in_use() as browser:
        yield browser


@pytest.fixture
def observed() -> Observed:
    """What all pages of this test do: `console_errors`, `csp_violations`, `page_errors`, `requests`."""
    return Observed()


@pytest.fixture
def open_page(chromium: Browser, observed: Observed) -> Iterator[OpenPage]:
    """Opens pages, each with cookies of its own (two calls are two people), all watched by `observed`.

    A page's `context` gives cookies and further tabs of the same person; those are watched as well. Waits
    give up after 10 seconds.
    """
    contexts: list[BrowserContext] = []

    def open_one(
        *,
        javascript: bool = True,
        width: int = 1280,
        height: int = 800,
        color_scheme: Literal["light", "dark"] = "light",
        locale: str = "en-US",
        reduced_motion: bool = False,
    ) -> Page:
        context = chromium.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            locale=locale,
            reduced_motion="reduce" if reduced_motion else "no-preference",
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("page", observed.watch)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """One page of 1280 × 800 pixels, with JavaScript, watched by `observed`."""
    return open_page()
