"""Deterministic seed data: the same scale, seed and as-of day give the same rows on every engine."""
