"""Device integrations, one folder per domain."""
