"""The maths of the paper: NumPy and the standard library only. README.md here maps equations to functions."""
