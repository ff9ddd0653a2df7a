"""Ids that the server gives."""

import re
import uuid

from profiles.logical_id import new_id


def test_ids_are_unique_uuids_in_the_order_of_time():
    """RFC 9562, version 7: a FHIR id, and later ones sort behind earlier ones of another millisecond."""
    made = [new_id() for _ in range(2000)]
    assert len(set(made)) == len(made)
    assert {(uuid.UUID(one).version, uuid.UUID(one).variant) for one in made} == {
        (7, uuid.RFC_4122)
    }
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", one) for one in made)
    moments = [uuid.UUID(one).int >> 80 for one in made]
    assert moments == sorted(moments)
