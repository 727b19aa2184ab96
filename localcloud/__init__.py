"""The embedded cloud and the provider simulator: the whole application on a laptop, never deployed."""
