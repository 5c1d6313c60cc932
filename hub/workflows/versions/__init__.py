"""Versions of a workflow: where each part of one stands, what differs between two, what a change means."""
