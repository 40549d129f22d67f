"""Sweeps: one recipe trained many times, with other values of some of its keys."""
