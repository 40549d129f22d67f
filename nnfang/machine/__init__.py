"""This computer: how BLAS runs on it, its processor, and how fast it is."""
