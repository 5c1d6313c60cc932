"""Physical and money acts: intent, act, evidence, outcome; leases and recovery."""
