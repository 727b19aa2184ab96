"""Dropcut: drop a clip and a prompt into a bucket, get the edited video."""

__version__ = "0.1.0"
