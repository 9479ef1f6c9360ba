"""Likely mistakes for every exercise, one module per chapter."""
