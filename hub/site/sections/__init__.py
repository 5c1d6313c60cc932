"""The sections of `site.yaml`, one file per concern: schema, checks, facts."""
