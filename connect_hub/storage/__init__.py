"""Where the hub keeps its rows: the ports, and the storages that come with the package."""
