"""Simulated devices as a process of their own, with actors and a ground-truth ledger."""
