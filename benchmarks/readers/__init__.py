"""Programs that exported networks are for: nnfang, Python, onnxruntime, PyTorch, C, and a browser."""
