"""Scrubbing a Claim: edits that a payer would apply, before and after it is sent."""
