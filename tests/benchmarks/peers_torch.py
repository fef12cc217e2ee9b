"""The sweep in PyTorch: run by run as it is usually written, and with replicas stacked."""

import numpy as np
import torch
from numpy.typing import NDArray
from sweep import B1, B2, EPS, Draws, Problem, Result, branch_masks, covariance_order
from torch import Tensor, nn


def losses_of(problem: Problem, h: Tensor, y: Tensor) -> Tensor:
    """Each object's loss: h (S, o), y (S,) -> (S,)."""
    if problem.classes:
        return nn.functional.cross_entropy(h, y, reduction="none")
    return (h.squeeze(-1) - y).square()


def tensors(problem: Problem) -> tuple[Tensor, ...]:
    """The data as tensors."""
    return tuple(torch.from_numpy(part) for part in problem.data)


# --- one network at a time ------------------------------------------------------------------------------


def network(problem: Problem) -> nn.Module:
    """The model as a module."""
    if len(problem.sizes) == 2:
        return nn.Linear(*problem.sizes, bias=False)
    d, h, o = problem.sizes
    return nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, o))


def set_weights(problem: Problem, params: list[nn.Parameter], w: NDArray) -> None:
    """Write a flat vector (p,) into the module's parameters."""
    with torch.no_grad():
        for param, part in zip(params, problem.split(w), strict=True):
            param.copy_(torch.from_numpy(part.copy()))


def one_by_one(problem: Problem, draws: Draws) -> Result:
    """One model, one run, one branch at a time: module, fused Adam, frozen entries put back after it."""
    X, y, X_test, y_test = tensors(problem)
    C, train, test = [], [], []
    for i in range(len(draws.w)):
        batches = torch.from_numpy(draws.rows[i])
        model = network(problem).to(X.dtype)
        params = list(model.parameters())
        set_weights(problem, params, draws.w[i])
        adam = torch.optim.Adam(params, lr=problem.rate, betas=(B1, B2), eps=EPS, fused=True)
        variance = [torch.zeros_like(param) for param in params]
        for t, rows in enumerate(batches[: draws.t0], start=1):
            losses = losses_of(problem, model(X[rows]), y[rows])
            first = torch.autograd.grad(losses[0], params, retain_graph=True)
            adam.zero_grad()
            losses.mean().backward()
            with torch.no_grad():
                for c, g_first, param in zip(variance, first, params, strict=True):
                    c.lerp_((g_first - param.grad).square_(), 1 / t)
            adam.step()
        C.append(torch.cat([c.ravel() for c in variance]).numpy())

        start = [param.detach().clone() for param in params]
        moments = [(adam.state[param]["exp_avg"].clone(), adam.state[param]["exp_avg_sq"].clone()) for param in params]
        losses_train, losses_test = [], []
        masks = [*branch_masks(covariance_order(C[i]), draws.random[i]), None]
        for mask in masks:
            with torch.no_grad():
                for param, w, (m, v) in zip(params, start, moments, strict=True):
                    param.copy_(w)
                    adam.state[param]["exp_avg"].copy_(m)
                    adam.state[param]["exp_avg_sq"].copy_(v)
                    adam.state[param]["step"].fill_(draws.t0)
            if mask is not None:
                alpha = [torch.from_numpy(part.astype(draws.w.dtype)) for part in problem.split(mask)]
                frozen = [w * (1 - a) for w, a in zip(start, alpha, strict=True)]
                for rows in batches[draws.t0 :]:
                    adam.zero_grad()
                    losses_of(problem, model(X[rows]), y[rows]).mean().backward()
                    adam.step()
                    if not mask.all():
                        with torch.no_grad():
                            torch._foreach_mul_(params, alpha)
                            torch._foreach_add_(params, frozen)
            with torch.no_grad():
                losses_train.append(losses_of(problem, model(X), y).mean().item())
                losses_test.append(losses_of(problem, model(X_test), y_test).mean().item())
        train.append(losses_train)
        test.append(losses_test)
    return Result(np.array(C), np.array(train), np.array(test))


# --- replicas stacked -----------------------------------------------------------------------------------


def outputs(params: list[Tensor], X: Tensor) -> Tensor:
    """h (R, K, o, S) of R runs of K replicas, X (R, S, d); a run's input layers are one product."""
    W1 = params[0]
    R, K, n, d = W1.shape
    Xt = X.transpose(-1, -2)
    if len(params) == 1:
        return torch.bmm(W1.view(R, K, d), Xt).view(R, K, 1, -1)
    _, b1, W2, b2 = params
    z = torch.baddbmm(b1.view(R, K * n, 1), W1.view(R, K * n, d), Xt)
    a = torch.tanh(z).view(R * K, n, -1)
    o = W2.shape[-2]
    return torch.baddbmm(b2.view(R * K, o, 1), W2.view(R * K, o, n), a).view(R, K, o, -1)


def stacked_losses(problem: Problem, h: Tensor, y: Tensor) -> Tensor:
    """Each replica's and object's loss: h (R, K, o, S), y (R, S) -> (R, K, S)."""
    if not problem.classes:
        return (h.squeeze(-2) - y[:, None]).square()
    R, K, o, S = h.shape
    labels = y[:, None].expand(R, K, S).reshape(R * K, S)
    return nn.functional.cross_entropy(h.view(R * K, o, S), labels, reduction="none").view(R, K, S)


def stacked_mean(problem: Problem, params: list[Tensor], X: Tensor, y: Tensor) -> NDArray:
    """Mean loss (R, K) over all objects, some at a time."""
    R = params[0].shape[0]
    with torch.no_grad():
        total = 0
        for start in range(0, len(X), 2000):
            part, labels = X[start : start + 2000], y[start : start + 2000]
            h = outputs(params, part.expand(R, *part.shape))
            total = total + stacked_losses(problem, h, labels.expand(R, len(labels))).sum(-1)
    return (total / len(X)).numpy()


def batched(problem: Problem, draws: Draws) -> Result:
    """All branches of some runs together: stacked parameters, one fused Adam."""
    X, y, X_test, y_test = tensors(problem)
    runs_at_once = 13 if problem.n_params < 5000 else 7  # what was fastest of 1, 2, 4, 7, 13
    results = []
    for i in range(0, len(draws.w), runs_at_once):
        part = slice(i, i + runs_at_once)
        batches = torch.from_numpy(draws.rows[part])
        params = [torch.tensor(w[:, None], requires_grad=True) for w in problem.split(draws.w[part])]
        adam = torch.optim.Adam(params, lr=problem.rate, betas=(B1, B2), eps=EPS, fused=True)
        variance = [torch.zeros_like(param) for param in params]
        for t in range(1, draws.t0 + 1):
            rows = batches[:, t - 1]
            losses = stacked_losses(problem, outputs(params, X[rows]), y[rows])
            first = torch.autograd.grad(losses[..., 0].sum(), params, retain_graph=True)
            adam.zero_grad()
            losses.mean(-1).sum().backward()
            with torch.no_grad():
                for c, g_first, param in zip(variance, first, params, strict=True):
                    c.lerp_((g_first - param.grad).square_(), 1 / t)
            adam.step()
        C = torch.cat([c.flatten(1) for c in variance], dim=-1).numpy()

        masks = branch_masks(covariance_order(C), draws.random[part])
        K = masks.shape[1]
        alphas = [torch.from_numpy(np.ascontiguousarray(a)) for a in problem.split(masks)]
        at_t0 = [param.detach() for param in params]
        params = [w.repeat(1, K, *[1] * (w.ndim - 2)).requires_grad_() for w in at_t0]
        states = [adam.state[param] for param in adam.param_groups[0]["params"]]
        adam = torch.optim.Adam(params, lr=problem.rate, betas=(B1, B2), eps=EPS, fused=True)
        for param, state, alpha in zip(params, states, alphas, strict=True):
            m, v = (state[k].repeat(1, K, *[1] * (param.ndim - 2)) for k in ("exp_avg", "exp_avg_sq"))
            v[~alpha] = torch.inf  # m / sqrt(v) is exactly 0 from here on: frozen without a pass over the weights
            adam.state[param] = {"step": state["step"], "exp_avg": m, "exp_avg_sq": v}
        for rows in batches[:, draws.t0 :].unbind(1):
            adam.zero_grad()
            stacked_losses(problem, outputs(params, X[rows]), y[rows]).mean(-1).sum().backward()
            adam.step()
        losses = [
            np.concatenate([stacked_mean(problem, params, *d), stacked_mean(problem, at_t0, *d)], axis=1)
            for d in ((X, y), (X_test, y_test))
        ]
        results.append(Result(C, *losses))
    return Result(*(np.concatenate(parts) for parts in zip(*results, strict=True)))
