"""Runs compiled workflows against the store and the devices: one transaction per event."""
