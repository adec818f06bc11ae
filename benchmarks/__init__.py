"""Measurements: nothing here is a test, and no figure is asserted."""
