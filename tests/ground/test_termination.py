"""SIGTERM and SIGINT: one line, the right exit code, and nothing lost that can be kept."""

import json
import re
import signal
import subprocess
import sys

import psutil
import pytest

from processes import Command

WAITS = """
import sys, time
from auxtask.cli.command import run_command

def wait(config):
    print("ready", flush=True)
    time.sleep(60)

sys.argv[1:] = ["paths.cache=" + sys.argv[1]]
run_command("stats", wait)
"""
HOLDS_BACK = """
import time
from auxtask.ground.termination import held_back, raised_on_sigterm

with raised_on_sigterm(), held_back() as told_to_end:
    print("ready", flush=True)
    while not told_to_end():
        time.sleep(0.01)
    print("told", flush=True)
    time.sleep(60)
"""


def heeding_sigint():
    # A job that a shell has put into the background ignores it, and so do those it starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*line):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(line, preexec_fn=heeding_sigint, **pipes)


@pytest.mark.parametrize(
    ("number", "code", "words"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_command_that_is_told_to_end_says_so_in_one_line(tmp_path, number, code, words):
    process = start(sys.executable, "-c", WAITS, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert error.startswith(f"error: {words}; the same command goes on")
    assert error.count("\n") == 1


def test_a_second_sigterm_ends_at_once_what_holds_the_first_back():
    process = start(sys.executable, "-c", HOLDS_BACK)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.stdout.readline() == "told\n"
    assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=30) == -signal.SIGTERM


@pytest.mark.ci
def test_training_told_to_end_leaves_a_checkpoint_and_goes_on_to_the_figures_of_a_whole_run(
    tmp_path, model_folder
):
    rows = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(30)]
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def train(name):
        return Command(
            tmp_path, "train", "dataset=files", f"dataset.train={data}", "aux=rtm",
            f"model.name={model_folder}", "model.max_length=32", "trainer.bf16=false", "trainer.disable_tqdm=true",
            "trainer.per_device_train_batch_size=2", "trainer.max_steps=300", "trainer.eval_strategy=steps",
            "trainer.eval_steps=100", "trainer.learning_rate=1e-4", f"paths.runs={tmp_path / name}",
            f"paths.cache={tmp_path / 'cache'}",
        )  # fmt: skip

    told = train("cut")
    told.wait_for(lambda: list(tmp_path.glob("cut/*/*/*/*/checkpoints/*/trainer_state.json")))
    told.terminate()
    assert told.wait() == 143, told.error
    assert told.error.splitlines()[-1] == "error: terminated; the same command goes on from what is saved"
    assert "Traceback" not in told.error
    steps = [int(path.name.split("-")[1]) for path in tmp_path.glob("cut/*/*/*/*/checkpoints/checkpoint-*")]
    # The step of the signal is no step of an evaluation.
    assert 100 < max(steps) < 300
    assert max(steps) % 100

    for name in ("cut", "whole"):
        done = train(name)
        assert done.wait() == 0, done.error
        assert "was removed" not in done.error
    cut, whole = (next(tmp_path.glob(f"{name}/*/*/*/*")) for name in ("cut", "whole"))
    assert (cut / "predictions.jsonl").read_bytes() == (whole / "predictions.jsonl").read_bytes()
    figures = [json.loads((run / "metrics.json").read_text()) for run in (cut, whole)]
    for name in ("test", "valid", "per_class", "steps", "best_step"):
        assert figures[0][name] == figures[1][name]
    histories = [[json.loads(row) for row in (run / "history.jsonl").open()] for run in (cut, whole)]
    assert [(row["step"], row["valid"]) for row in histories[0]] == [
        (row["step"], row["valid"]) for row in histories[1]
    ]


@pytest.mark.ci
def test_scoring_told_to_end_keeps_its_scores(tmp_path, model_folder, sentences):
    data = tmp_path / "data.jsonl"
    words = " ".join(sentences).split()
    texts = [
        " ".join(words[(3 * at + step * (at % 7 + 1)) % len(words)] for step in range(24)) for at in range(6000)
    ]
    rows = [{"text": f"{text} {at}", "label": "sea" if at % 2 else "land"} for at, text in enumerate(texts)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def score(cache):
        return Command(
            tmp_path, "score", "dataset=files", f"dataset.train={data}", f"model.name={model_folder}",
            "model.max_length=48", f"paths.cache={tmp_path / cache}",
        )  # fmt: skip

    told = score("cut")
    told.wait_for(lambda: list(tmp_path.glob("cut/scores/*")))
    # By the processor's time and not the clock's: some documents are scored by then, and not all, on any machine.
    worked = psutil.Process(told.pid).cpu_times
    begun = worked().user
    told.wait_for(lambda: worked().user > begun + 0.5)
    told.terminate()
    assert told.wait() == 143, told.error
    assert told.error.splitlines()[-1] == "error: terminated; the same command goes on from what is saved"
    assert "Traceback" not in told.error
    assert list(tmp_path.glob("cut/scores/*/*.npz"))

    outputs = []
    for name in ("cut", "whole"):
        done = score(name)
        assert done.wait() == 0, done.error
        outputs.append(done.output)
    known = [int(re.search(r"([\d,]+) documents and [\d,]+ tokens of them known", text)[1].replace(",", ""))
             for text in outputs]  # fmt: skip
    assert known[0] > known[1]
    tables = [text[text.index("pseudo-perplexity") : text.index("scores: ")] for text in outputs]
    assert tables[0] == tables[1]
