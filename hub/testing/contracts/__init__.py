"""What every driver of a capability must do, as test classes to inherit from: one module per capability."""
