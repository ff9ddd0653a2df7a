"""FHIRPath (N1 2.0.0, and what R4 adds): expressions compiled to closures over parsed JSON."""
