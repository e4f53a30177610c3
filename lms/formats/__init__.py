"""Bytes ⇄ values; pure."""
