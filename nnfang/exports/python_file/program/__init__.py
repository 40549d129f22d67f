"""What an exported Python file does besides preparing pictures: here are its parts, as `..bundling` takes them.

They are read, not imported: what the network is, see `constants`, is known in an exported file only.
"""
