"""Resources that break one constraint of R4 each, beside near twins that break none."""
