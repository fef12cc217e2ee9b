"""Data sets: read, generated, split, scaled; mini-batches of them."""
