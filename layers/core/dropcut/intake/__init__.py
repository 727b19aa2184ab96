"""What strangers bring: sidecars, clips and keys, read strictly and judged in words."""
