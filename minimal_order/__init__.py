"""Orders on the parameters of neural networks: which to freeze, which to prune."""

__version__ = "0.1.0"
