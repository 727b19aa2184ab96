"""The world outside: AWS, the provider, MediaInfo. Each adapter fits one of `dropcut.ports`."""
