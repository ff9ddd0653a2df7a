"""Isthmus at a provider and Isthmus at a payer: one Claim between two gateways."""

from pathlib import Path

from tests.make_gateway import GatewayProcess, wait_until
from tests.make_payer import claim, name_of, payers_file, people


def test_a_claim_goes_from_one_gateway_to_another(tmp_path: Path):
    """The payer stores the Claim once, the provider has the same outcome, and asking again finds it."""
    (tmp_path / "payer").mkdir()
    payer = GatewayProcess(tmp_path / "payer", light=True, lane_processes=0)
    payer.start()
    provider_folder = tmp_path / "provider"
    provider_folder.mkdir()
    listed = payers_file(provider_folder, f"{payer.base}/fhir", settle_s=0)
    provider = GatewayProcess(
        provider_folder, light=True, lane_processes=0, payers=listed, payer_poll_s=0.1
    )
    provider.start()
    try:
        for one in (*people(), claim("between")):
            provider.request("PUT", f"/fhir/{one['resourceType']}/{one['id']}", one)
        status, said, _ = provider.request("POST", "/fhir/Claim/between/$submit")
        assert status == 202, said
        mine = wait_until(
            lambda: provider.search("ClaimResponse?request=Claim/between"), "the answer"
        )
        theirs = payer.search("ClaimResponse?status=active")
        assert len(payer.search(f"Claim?identifier={name_of('between')}")) == len(theirs) == 1
        assert [one["outcome"] for one in mine] == [theirs[0]["outcome"]]
        assert mine[0]["patient"] == {"reference": "Patient/ann"}
    finally:
        provider.stop_and_judge()
        payer.stop_and_judge()
