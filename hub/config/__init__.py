"""YAML with source marks, secrets, includes, schemas and selectors."""
