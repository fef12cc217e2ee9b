"""Experiment ``freeze``: order the parameters, freeze a share, train on."""
