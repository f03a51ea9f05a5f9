"""Real peers for the tests: an OAuth 2 server, a browser, a webhook receiver, a keyed API, databases.

All of them listen on 127.0.0.1 at a port of the kernel's choice, or on a socket in a temporary folder,
and end with the test run.
"""
