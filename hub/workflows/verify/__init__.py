"""`hub verify`: explores what can happen to a handover and shows the shortest way to what must not (S20)."""

from hub.workflows.verify.check import Verified, verify_blueprint

__all__ = ["Verified", "verify_blueprint"]
