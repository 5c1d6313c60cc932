"""People, credentials, grants and the policy of who may do what."""
