"""``isthmus demo``: the journeys that exist, on real wires, each held against what is known of its input."""
