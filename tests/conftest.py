"""Settings of the unit tests; those of every run, notebooks too, are in the conftest.py above."""

import matplotlib

# Set here and not through MPLBACKEND: a notebook's kernel would inherit that and draw no figure.
matplotlib.use("agg")
