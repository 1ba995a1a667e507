"""What each path may cost: counts that are the same on every machine."""
