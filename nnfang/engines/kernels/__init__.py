"""The loops of `nnfang.engines.compiled`, for numba.

W stands here transposed, V = Wᵀ (inputs, units), which is how it lies in θ. Everything then runs along rows of V, in
vectors of 16 to 128 numbers that stay in registers (`vectors`). The first layer skips inputs of 0 (`sparse`), the
others are products of dense matrices (`tiles`), and a gradient is used where its sum ends (`updates`). What is not 0 is
kept in lists (`lists`). `minibatch` and `online` are the loops over steps; `layout` says where everything is.
"""
