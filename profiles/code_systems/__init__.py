"""Code systems, value sets and concept maps that are FHIR resources, and what is asked of them."""
