"""``isthmus train``: the demonstration model from its recipe, or ``sections``, the models of the scribe.

Each is loaded only when it is called: the first needs torch, the second numpy alone.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Final, cast

DEMONSTRATION: Final = "ml.imaging.train"
OTHERS: Final = {"sections": "ml.scribe.train"}


def main(arguments: Sequence[str]) -> int:
    """Train what the first word names, the demonstration model without one."""
    named = arguments[0] if arguments else ""
    module = OTHERS.get(named, DEMONSTRATION)
    rest = arguments[1:] if named in OTHERS else arguments
    train = cast("Callable[[Sequence[str]], int]", importlib.import_module(module).main)
    return train(rest)
