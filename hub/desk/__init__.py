"""Incidents and messages: what people must do or be told."""
