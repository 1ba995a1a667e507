"""aios3.testing: each fault and each step does what it says."""
