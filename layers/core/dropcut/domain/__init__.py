"""What the product knows by itself: its values, and every rule about money, pairs and time."""
