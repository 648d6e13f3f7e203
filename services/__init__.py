"""The services. Each runs as `python -m services.<name>`; `python -m services` runs them all."""
