"""The experiments: a configuration in, tidy results out."""
