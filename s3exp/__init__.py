"""s3exp: iterative dataset synthesis. A large language model writes training data; a small model's errors steer it."""

__version__ = "0.1.0"
