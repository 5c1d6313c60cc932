"""YAML with source marks, secrets, includes, schemas and selectors."""

from hub.config.durations import duration, parse_duration
from hub.config.loader import load_text, load_yaml
from hub.config.marks import Document, Input, Mark, Marks, SecretText, YamlPath
from hub.config.problems import Problem, Problems, nearest, suggest
from hub.config.schema import Wrong, check, flag, mapping, money, name, one_of, table, text, whole
from hub.config.selectors import SELECTORS, SiteNames, selector_validator

__all__ = [
    "SELECTORS", "Document", "Input", "Mark", "Marks", "Problem", "Problems", "SecretText", "SiteNames",
    "Wrong", "YamlPath", "check", "duration", "flag", "load_text", "load_yaml", "mapping", "money", "name",
    "nearest", "one_of", "parse_duration", "selector_validator", "suggest", "table", "text", "whole",
]
