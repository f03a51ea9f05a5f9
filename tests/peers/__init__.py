"""Real peers for the tests: an OAuth 2 server, a browser, a webhook receiver, an API behind a key.

All of them listen on 127.0.0.1 at a port of the kernel's choice, and end with the test run.
"""
