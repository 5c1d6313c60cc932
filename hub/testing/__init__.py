"""The pytest kit for partners."""
