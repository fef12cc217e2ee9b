"""Numbers of the authors' code for MNIST, to stand beside ours.

Stored in their notebooks, so exact: test accuracy of 784-50-10 ReLU networks, best over lam *on the test part*, mean of
5 starts. Batches of 256 in a fixed order, Adam at 5e-4, gradients cut off at +-1, a share of each weight matrix
removed, no biases. 25 epochs for each lam, 50 for a hypernetwork.
"""

# fmt: off
PUBLISHED = {
    # share removed                   .5      .8      .9
    "variational":               {0.5: .9545, 0.8: .8714, 0.9: .8035},
    "reparameterised":           {0.5: .9581, 0.8: .8146, 0.9: .5176},
    "base":                      {0.5: .9474, 0.8: .5810, 0.9: .3270},
    "variational-linear":        {0.5: .9618, 0.8: .8493, 0.9: .7792},
    "reparameterised-linear":    {0.5: .9650, 0.8: .7389, 0.9: .6140},
    "base-linear":               {0.5: .9241, 0.8: .4694, 0.9: .2874},
    "variational-piecewise":     {0.5: .9583, 0.8: .8754, 0.9: .7831},
    "reparameterised-piecewise": {0.5: .9606, 0.8: .7972, 0.9: .5568},
    "base-piecewise":            {0.5: .9135, 0.8: .6021, 0.9: .2959},
}
# fmt: on
