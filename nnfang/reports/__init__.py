"""What people look at: figures about runs and networks, and how they are shown.

scores, calibration, significance   arrays -> numbers, with NumPy alone
result                              an evaluation -> all that is told of it, with the names of its classes
"""
