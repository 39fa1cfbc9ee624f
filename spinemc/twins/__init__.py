"""The same scenario without particles: deterministic models to lay beside the trials."""
