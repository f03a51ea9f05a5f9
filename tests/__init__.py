"""The tests of connect_hub; `tests.peers` holds the programs that they run against."""
