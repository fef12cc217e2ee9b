"""Parts of an experiment: computed in processes or on a cluster, stored, resumed."""
