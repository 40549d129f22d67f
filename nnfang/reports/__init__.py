"""What people look at: the numbers of an evaluation, and its tables and pictures.

scores, calibration, significance   arrays -> numbers, with NumPy alone
result                              an evaluation -> all that is told of it, with the names of its classes
"""
