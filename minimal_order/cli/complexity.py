"""The commands of the talk on models of a given complexity: complexity DATASET, complexity prune, convergence."""

import argparse
from pathlib import Path
from typing import Any

from .options import add_common, command, given
from .parsing import Parser, names, numbers
from .printing import print_paths, shown
from .running import run_and_write

OPTIONS = ("models", "runs", "lams", "levels", "epochs", "hyper_epochs", "batch_size", "rate", "clip", "knots", "scale",
           "draws", "sampling", "pixels", "log_sigma", "prior_mean", "prior_std", "per", "biases", "validation",
           "objects", "samples", "repeats", "dtype", "folder")  # fmt: skip
MODELS = "variational, reparameterised, base, each also with -linear or -piecewise"
HYPERNET = Path("results/complexity/mnist/models/variational-piecewise.npz")


def add_commands(commands: Any) -> None:
    """Add them to the program."""
    help = "networks of a given complexity: direct or from a hypernetwork, then pruned; or prune from a trained one"
    sub = commands.add_parser("complexity", help=help, description=help, allow_abbrev=False)
    whats = sub.add_subparsers(dest="what", metavar="DATASET|prune", required=True, parser_class=Parser)
    for dataset in ("mnist", "cifar10", "digits", "cifar10-subset"):
        one = command(whats, dataset, do_complexity, f"the nine models on {dataset}")
        add_experiment(one)
        add_common(one, f"results/complexity/{dataset}")
    add_prune(command(whats, "prune", do_prune, "a pruned network for any lam from a trained hypernetwork"))

    sub = command(commands, "convergence", do_convergence, "the theorem on hypernetworks, where all of it is known")
    add_common(sub, "results/convergence", Path("results/convergence"))


def add_experiment(sub: argparse.ArgumentParser) -> None:
    """Add the settings of the experiment."""
    sub.add_argument("--models", type=names, metavar="A,B", help=f"default: all, {MODELS}")
    sub.add_argument("--runs", type=int, help="independent starts (default 5; CIFAR-10 3)")
    sub.add_argument("--lams", type=numbers, metavar=".1,1", help="complexity parameters (default .001, ..., 100)")
    sub.add_argument("--levels", type=numbers, metavar="0,.5", help="shares removed (default 0, .02, ..., .98)")
    sub.add_argument("--epochs", type=int, help="of a direct network (default 25; digits 100)")
    sub.add_argument("--hyper-epochs", type=int, help="of a hypernetwork (default 50; digits 200)")
    sub.add_argument("--batch-size", type=int, help="objects a step (default 256; digits and cifar10-subset 64)")
    sub.add_argument("--rate", type=float, help="step size of Adam (default .001)")
    sub.add_argument("--clip", type=float, help="cut gradients off at +-this (default 1; 0: do not)")
    sub.add_argument("--knots", type=count_or_numbers, metavar="6|.001,1,100", help="how many, or the lam (default 6)")
    sub.add_argument("--scale", help="coordinate of lam: log (default) or raw")
    sub.add_argument("--draws", type=int, help="lam that a batch of a hypernetwork sees (default 5)")
    sub.add_argument("--sampling", help="of q: local (default) or weights")
    sub.add_argument("--pixels", help="features in [0, 1]: unit (default), or in [-1, 1]: symmetric")
    sub.add_argument("--log-sigma", type=float, help="ln sigma at the start (default -3)")
    sub.add_argument("--prior-mean", type=float, help="of every weight (default 0)")
    sub.add_argument("--prior-std", type=float, help="of every weight (default 1)")
    sub.add_argument("--per", help="from what a share is removed: tensor (default) or network")
    sub.add_argument("--biases", action="store_true", default=None, help="biases can be removed too")
    held_out = "training objects held out to choose lam (default 5000; digits 300; cifar10-subset 200)"
    sub.add_argument("--validation", type=int, help=held_out)
    sub.add_argument("--objects", type=int, help="how many training objects to take (default: all)")
    sub.add_argument("--samples", type=int, help="draws for E log p(D | w) (default 4)")
    sub.add_argument("--repeats", type=int, help="how many times seconds are measured (default 7)")
    sub.add_argument("--dtype", help="float32 (default) or float64")
    sub.add_argument("--folder", help="of the official files of cifar10")


def add_prune(sub: argparse.ArgumentParser) -> None:
    """Add what pruning is told."""
    sub.add_argument("--lam", type=float, required=True, help="complexity parameter")
    sub.add_argument("--share", type=float, required=True, help="share of the weights to remove, 0 ... 1")
    sub.add_argument("--hypernet", type=Path, default=HYPERNET, metavar="FILE", help=f"trained (default {HYPERNET})")
    sub.add_argument("--per", default="tensor", help="from what the share is removed: tensor (default) or network")
    sub.add_argument("--biases", action="store_true", help="biases can be removed too")
    sub.add_argument("--clamp", action="store_true", help="take a lam outside the trained range as the end of it")
    sub.add_argument("--test", action="store_true", help="load the data set and print the accuracy on test")
    sub.add_argument("--folder", default="", help="of the official files of cifar10, for --test")
    sub.add_argument("--out", type=Path, default=Path("pruned.npz"), metavar="FILE", help="(default pruned.npz)")


def count_or_numbers(text: str) -> int | tuple[float, ...]:
    """Read a whole number, or several numbers."""
    return int(text) if text.isdecimal() else numbers(text)


def do_complexity(arguments: argparse.Namespace) -> None:
    """Run one complexity experiment and print its table and where its files are."""
    from ..experiments.complexity.config import ComplexityConfig
    from ..experiments.complexity.models import QUICK
    from ..experiments.complexity.run import run_complexity
    from ..reports.complexity import write_complexity
    from ..reports.complexity_tables import summary_table
    from ..reports.text import counted

    options = (QUICK if arguments.quick else {}) | given(arguments, OPTIONS)
    config = ComplexityConfig(arguments.what, seed=arguments.seed, **options)
    for outcome, paths in run_and_write(run_complexity, write_complexity, config, "complexity", arguments):
        starts = counted(config.runs, "start")
        print(f"{config.model}, {starts}; accuracy on test, lam chosen held out, mean [95 % interval]")
        print(summary_table(outcome))
        print_paths(paths)


def do_prune(arguments: argparse.Namespace) -> None:
    """Write a pruned network and say what is left of it."""
    import json
    from dataclasses import asdict

    import numpy as np

    from ..checks import check
    from ..complexity.hypernet_file import load
    from ..runs.files import npz_bytes, write_atomic

    found = arguments.hypernet != HYPERNET or HYPERNET.exists()
    check(found, "--hypernet", HYPERNET, "a trained one; `minimal-order complexity mnist` makes this one, the default")
    trained = load(arguments.hypernet)
    options = {"per": arguments.per, "biases": arguments.biases}
    pruned = trained.pruned(arguments.lam, arguments.share, clamp=arguments.clamp, **options)
    lam = min(max(arguments.lam, trained.hypernet.lam_min), trained.hypernet.lam_max)  # outside only if clamped
    accuracy = test_accuracy(trained, pruned.w, arguments.folder) if arguments.test else None
    description = {
        "model": asdict(trained.model), "family": trained.family, "dataset": trained.dataset, "pixels": trained.pixels,
        "lam": lam, "share": arguments.share, **options,
    }  # fmt: skip
    arrays = {"w": pruned.w, "beta": pruned.beta, "description": np.array(json.dumps(description, sort_keys=True))}
    write_atomic(arguments.out, npz_bytes(arrays))
    removed = int(np.count_nonzero(~pruned.beta))
    left = trained.model.n_params - removed
    print(f"{trained.model}, {trained.family}, lam = {lam:g}: {removed} parameters removed, {left} left")
    if accuracy is not None:
        print(f"accuracy on test: {accuracy:.4f}")
    print(f"wrote {shown(arguments.out.absolute())}")


def test_accuracy(trained: Any, w: Any, folder: str) -> float:
    """The accuracy of weights w on the test part of the data that a hypernetwork is for."""
    from ..checks import check_name
    from ..data.loading import load
    from ..experiments.complexity.models import PIXELS
    from ..experiments.complexity.runs import rescale
    from ..training.train import evaluate

    check_name("pixels", trained.pixels, PIXELS)
    options: dict[str, Any] = {"folder": folder} if folder else {}
    data = load(trained.dataset, dtype=w.dtype, **options)
    return float(evaluate(trained.model, w, rescale(data.X_test, trained.pixels), data.y_test, data.task)[1])


def do_convergence(arguments: argparse.Namespace) -> None:
    """Run the experiment on the theorem."""
    from ..experiments.convergence.config import QUICK, ConvergenceConfig
    from ..experiments.convergence.outcome import ConvergenceOutcome, convergence_parts
    from ..experiments.running import run_alone
    from ..reports.convergence import convergence_table, write_convergence

    config = ConvergenceConfig(seed=arguments.seed, **(QUICK if arguments.quick else {}))
    store, results = run_alone(
        "convergence", config, convergence_parts, arguments.out, arguments.jobs, arguments.scheduler
    )
    outcome = ConvergenceOutcome.assemble(config, results)
    print(convergence_table(outcome))
    print_paths(write_convergence(store, outcome))
