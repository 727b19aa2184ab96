"""Small programs that `make check` runs over files which no linter knows."""
