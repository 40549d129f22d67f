"""What people look at: the numbers of an evaluation, and its tables and pictures.

scores, calibration, significance   arrays -> numbers, with NumPy alone
"""
