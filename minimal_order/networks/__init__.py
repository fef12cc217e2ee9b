"""Networks on flat vectors of parameters: where each lies, layers, models, losses, gradients."""
