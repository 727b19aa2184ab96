"""MediaInfo: `probe` gives it a clip in a process of its own, which is `reader`."""
