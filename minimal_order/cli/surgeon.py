"""The command ``surgeon``."""

import argparse
from pathlib import Path
from typing import Any

from .options import add_common, command
from .printing import print_paths


def add_commands(commands: Any) -> None:
    """Add it to the program."""
    help = "which weight to remove: magnitude, Optimal Brain Damage and Surgeon on XOR and MONK"
    sub = command(commands, "surgeon", do_surgeon, help)
    add_common(sub, "results/surgeon", Path("results/surgeon"))


def do_surgeon(arguments: argparse.Namespace) -> None:
    """Train, prune, and print how far Optimal Brain Surgeon goes."""
    from ..experiments.running import run_alone
    from ..experiments.surgeon.config import SurgeonConfig
    from ..experiments.surgeon.outcome import assemble_surgeon, surgeon_parts
    from ..reports.surgeon import monk_text, write_surgeon, xor_text

    config = (SurgeonConfig.quick if arguments.quick else SurgeonConfig)(seed=arguments.seed)
    store, results = run_alone("surgeon", config, surgeon_parts, arguments.out, arguments.jobs, arguments.scheduler)
    surgeon = assemble_surgeon(config, results)
    print(f"{xor_text(surgeon)}\n\n{monk_text(surgeon)}")
    print_paths(write_surgeon(store, surgeon))
