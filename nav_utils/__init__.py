"""Helpers of the course 'Navigating Latent Space with a Discriminator'."""

__version__ = "0.1.0"  # the one place that knows it: pyproject.toml reads it here
