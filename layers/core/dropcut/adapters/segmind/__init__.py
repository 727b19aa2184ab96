"""The provider: `client` talks to it, `answers` reads what it says."""
