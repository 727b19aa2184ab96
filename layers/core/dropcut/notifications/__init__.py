"""What people are told: the published documents, their words, and the envelope in which they are sent."""
