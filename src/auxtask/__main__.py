"""The commands under one name: `auxtask train dataset=ohsumed`, or `python -m auxtask train dataset=ohsumed`."""

import runpy
import sys

from auxtask.errors import did_you_mean

COMMANDS = {
    "train": "fine-tune a classifier with mechanical auxiliary tasks",
    "score": "token likelihoods of a data set, and its most surprising words",
    "ngrams": "token N-grams of a data set, by class",
    "stats": "the numbers of a data set, and what misleads about it",
    "report": "tables and figures of finished runs",
    "pretrain": "make a vanilla encoder of plain text",
    "predict": "classes and probabilities of the texts of a file",
    "export": "the classifier of a run as ONNX",
}


def main() -> None:
    """Run the command that the first word names, or list the commands.

    Raises:
        SystemExit: with 2 if there is no such command; else as the command ends.
    """
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in COMMANDS:
        sys.argv = [f"auxtask {command}", *arguments]
        runpy.run_module(f"auxtask.{command}", run_name="__main__")
    elif command in ("--help", "-h", "help"):
        print("usage: auxtask COMMAND [OPTION=VALUE ...]; auxtask COMMAND --help lists the options\n")
        for name, what in COMMANDS.items():
            print(f"  {name:10}{what}")
    else:
        near = did_you_mean(command, list(COMMANDS))
        print(f"error: there is no command {command!r}{near}; use {', '.join(COMMANDS)}", file=sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
