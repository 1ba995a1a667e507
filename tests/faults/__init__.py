"""A call that survives: every numbered behaviour has a test that carries its number, as in test_b04_..."""
