"""How the hub gets into each kind of host; import what you need by its path."""
