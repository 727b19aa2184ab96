"""Hand-written stand-ins for the ports of dropcut, and examples of the values that pass through them."""
