"""Fetch a study from a DICOMweb server: QIDO-RS for what there is, WADO-RS for the bytes (PS3.18)."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

from profiles.outcome import OperationOutcomeError

LARGEST_STUDY: Final = 16 << 30
PAGE: Final = 1000


def fetch_study(
    url: str, study_uid: str, *, max_bytes: int = LARGEST_STUDY, timeout_s: float = 60.0
) -> Iterator[bytes]:
    """Every instance of a study as a part 10 file, in its stored transfer syntax.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` for an empty study, ``forbidden``, ``too-costly`` beyond ``max_bytes``,
        ``transient`` when the server cannot be reached or fails.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise OperationOutcomeError("value", "the endpoint's address is not http or https")
    client = DICOMwebClient(url, session=_session(timeout_s))
    client.set_http_retry_params(retry=False)  # the Task is what is tried again
    total = 0
    try:
        instances = client.search_for_instances(study_uid, limit=PAGE, get_remaining=True)
        if not instances:
            raise OperationOutcomeError("not-found", "the DICOMweb server does not have the study")
        for entry in instances:
            file = _file(client, study_uid, entry)
            total += len(file)
            if total > max_bytes:
                raise OperationOutcomeError("too-costly", "the study is larger than may be fetched")
            yield file
    except requests.HTTPError as error:
        raise _refusal(error) from None
    except requests.RequestException:
        raise OperationOutcomeError("transient", "the DICOMweb server cannot be reached") from None


def _file(client: Any, study_uid: str, entry: dict[str, Any]) -> bytes:
    series_uid, sop_uid = (entry[tag]["Value"][0] for tag in ("0020000E", "00080018"))
    dataset = client.retrieve_instance(
        study_uid, series_uid, sop_uid, media_types=(("application/dicom", "*"),)
    )
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _session(timeout_s: float) -> requests.Session:
    """A session that never waits for ever: every request carries the time limit."""
    session = requests.Session()
    session.trust_env = False
    send = session.send

    def limited(request: Any, **options: Any) -> requests.Response:
        return send(request, **{**options, "timeout": timeout_s})

    session.send = limited  # type: ignore[method-assign]
    return session


def _refusal(error: requests.HTTPError) -> OperationOutcomeError:
    status = error.response.status_code if error.response is not None else 500
    if status in (401, 403):
        return OperationOutcomeError("forbidden", "the DICOMweb server refused the request")
    if status == 404:
        return OperationOutcomeError("not-found", "the DICOMweb server does not have the study")
    kind = "transient" if status >= 500 or status in (408, 429) else "not-supported"
    return OperationOutcomeError(kind, f"the DICOMweb server answered {status}")
