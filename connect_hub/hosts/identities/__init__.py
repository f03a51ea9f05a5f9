"""Who is signed in at the host, for links that only their owner may use: one module for each way to know."""
