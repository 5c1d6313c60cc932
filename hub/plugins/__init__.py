"""Discovery of integrations, their manifests, quarantine and safe mode."""
