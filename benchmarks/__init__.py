"""``make bench``: nnfang beside its peers, in one run on this computer. Apart from the tests; none of it asserts."""
