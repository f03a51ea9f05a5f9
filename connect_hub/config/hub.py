"""All of the configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from connect_hub.clock import Clock, SystemClock
from connect_hub.config.checks import NAME, refuse, require, split_web_address
from connect_hub.config.links import LinkConfig
from connect_hub.config.network import NetworkConfig, configured_policy
from connect_hub.config.pages import PageConfig
from connect_hub.config.projects import Project
from connect_hub.dashboard import DashboardConfig
from connect_hub.errors import ConfigurationError, OutboundRefused
from connect_hub.models import Binding

if TYPE_CHECKING:
    from connect_hub.net import Transport
    from connect_hub.worker.dispatcher import Dispatcher, Jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """Everything that is optional."""

    projects: Mapping[str, Project] = field(default_factory=lambda: {"default": Project()})
    organization_id: int = 1
    """A number on the wire; the hub itself makes no use of it."""
    links: LinkConfig = field(default_factory=LinkConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    pages: PageConfig = field(default_factory=PageConfig)
    dashboard: DashboardConfig | None = None
    """For operators, at `/dashboard`; None: there is none."""
    dispatch: bool = True
    """Deliver events in this process; False where `connect-hub worker` does it."""
    dispatcher: "Callable[[Jobs], Dispatcher] | None" = None
    """Makes who runs deliveries, here and in `connect-hub worker`; None: tasks on the hub's own loop."""
    clock: Clock = field(default_factory=SystemClock)
    transport: "Transport | None" = None
    """Sends the hub's own requests instead of the guarded client; for tests."""

    def __post_init__(self) -> None:
        projects: object = self.projects  # a host's code may be unchecked
        if not isinstance(projects, Mapping) or not all(isinstance(name, str) for name in projects):
            raise refuse("projects", "this is no mapping by id", 'Write {"default": Project(…)}.')
        if not self.projects:
            raise refuse("projects", "there is none", "Leave it out for the project 'default'.")
        for name in self.projects:
            if not NAME.fullmatch(name):
                raise refuse(
                    "projects", f"{name!r} is not a project id", "Use letters, digits, '.', '_', '-'."
                )
            require(f"projects[{name!r}]", self.projects[name], Project, "Write Project(…).")
        require("links", self.links, LinkConfig)
        require("network", self.network, NetworkConfig)
        require("pages", self.pages, PageConfig)
        if self.dashboard is not None:
            fix = "Write DashboardConfig(auth=OperatorTokens())."
            require("dashboard", self.dashboard, DashboardConfig, fix)
        if isinstance(self.organization_id, bool) or not isinstance(self.organization_id, int):
            raise refuse("organization_id", "it is a whole number on the wire", "Give a number, such as 1.")
        for address in self.links.return_urls:
            split_web_address(
                "links.return_urls",
                address,
                insecure_dev=self.network.insecure_dev,
                example="https://app.example.com/connected",
            )
        if self.links.binding is Binding.HOST_IDENTITY and self.pages.identity is None:
            raise refuse(
                "pages.identity",
                "binding 'host_identity' needs to know who is signed in",
                "Pass PageConfig(identity=…).",
            )
        policy = configured_policy(self.network)
        for project in self.projects.values():
            for webhook in project.webhooks:
                try:
                    policy.check(webhook.url)
                except OutboundRefused as error:
                    raise ConfigurationError(f"webhook.url: {error.message}") from None

    def with_project(self, name: str, project: Project) -> "HubConfig":
        """A copy with `project` under `name`."""
        return replace(self, projects={**self.projects, name: project})
