"""Diagnosis coding: from the notes of an encounter to evidence-linked ICD-10-CM suggestions."""
