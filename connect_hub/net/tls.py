"""The TLS context of outgoing connections: one a process, made at the first connection."""

import ssl
from functools import cache

import httpx2

from connect_hub.errors import ConfigurationError

__all__ = ["checked_context", "default_context"]


@cache
def default_context() -> ssl.SSLContext:
    """A context that verifies against the operating system's certificates.

    The system's store, not a bundled one, because that is where operators put their own authorities and
    where updates arrive; on Linux it is read into OpenSSL, on Windows and macOS truststore asks the system.
    The environment (SSL_CERT_FILE) is not read: what to trust is the host application's to pass.
    """
    return httpx2.create_ssl_context(verify=True, trust_env=False)


def checked_context(context: ssl.SSLContext) -> ssl.SSLContext:
    """`context` itself. Raises ConfigurationError unless it verifies the certificate and its name."""
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError(
            "tls: this context does not verify certificates; for an authority of your own, pass "
            "ssl.create_default_context(cafile=…)"
        )
    return context
