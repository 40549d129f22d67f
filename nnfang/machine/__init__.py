"""This computer: its processor, how BLAS runs on it, and how fast it is."""
