"""The vocabulary: ids, money, compartments, grants, evidence, faults, events. Pure, stdlib only."""
