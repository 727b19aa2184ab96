"""The operator's command: what is known of an edit, and what a person decides about a held one. Never deployed."""
