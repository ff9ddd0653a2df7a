"""What a resource from outside must be before it is stored: of the type in the URL, and well formed.

The levels of the check are in ``profiles.admission``; profiles and terminology servers extend it.
"""

from typing import Any

from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError


def admit(resource: dict[str, Any], kind: str) -> None:
    """Check a resource at the door.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for another type than the URL names, and every problem as an issue of its own.
    """
    if resource["resourceType"] != kind:
        raise OperationOutcomeError("invalid", f"the body is no {kind}", "resourceType")
    require_admissible(resource)
