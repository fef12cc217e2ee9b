"""Step rules, the one loop that freezes and prunes, and the covariance that it collects."""
