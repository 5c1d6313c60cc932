"""Products, stock, payment legs and money decisions."""
