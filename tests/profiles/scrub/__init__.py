"""The scrub of Claims."""
