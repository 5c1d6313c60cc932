"""Loads and checks a whole site."""
