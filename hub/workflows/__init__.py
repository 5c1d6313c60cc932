"""The blueprint language: parse, compile, step, run, resume."""
