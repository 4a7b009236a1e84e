"""Random kills of anything at any time; see `python -m tests.soak --help`."""
