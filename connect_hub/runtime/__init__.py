"""What lives in a process, for one hub."""

from connect_hub.runtime.process import Runtime

__all__ = ["Runtime"]
