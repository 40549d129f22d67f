"""``python -m nnfang`` is ``nnfang``."""

from nnfang.commands import main

main()
