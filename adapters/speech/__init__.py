"""Speech from elsewhere: transcripts that a person supplies, and engines behind an address."""
