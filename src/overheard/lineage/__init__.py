"""Lineage: what was made from what. It stands beside the flow and reads everything; no stage reads it."""
