"""What `auxtask.fit` gives: a run and what came of it, for Python and for notebooks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auxtask.data.dataset import TextDataset, listed
from auxtask.errors import AuxtaskError
from auxtask.ground.files import write_text
from auxtask.ground.nesting import flatten
from auxtask.runs.folder import RunFolder
from auxtask.runs.metrics import HEADINGS

if TYPE_CHECKING:
    import pandas as pd

    from auxtask.model.classifier import Classifier
    from auxtask.plot.run import RunPlots


@dataclass(frozen=True, repr=False)
class FittedRun:
    """A run and what came of it; its files are read when they are asked for. It shows itself in a notebook.

    Args:
        folder: the run's.
        computed: whether it was computed now, and not finished before.
        dataset: its texts and labels.
    """

    folder: Path
    computed: bool
    dataset: TextDataset = field(compare=False)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The content of `metrics.json`."""
        return json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))

    @cached_property
    def history(self) -> "pd.DataFrame":
        """The evaluations, a row each, with columns such as `step`, `losses.main` and `valid.macro_f1`.

        It has no rows for a method that is not trained by steps.
        """
        import pandas as pd

        from auxtask.runs.history import read_history

        rows = read_history(self.folder) if (self.folder / "history.jsonl").exists() else []
        parts = [{name: part for name, part in row.items() if part != {}} for row in rows]
        return pd.DataFrame([flatten(row, ".") for row in parts])

    @cached_property
    def errors(self) -> "pd.DataFrame":
        """The test documents that it got wrong, the surest mistakes first.

        The index is the number of the document in the test split, the columns are `text`, `label`, `prediction`
        and `probability`, that of the prediction.
        """
        import pandas as pd

        lines = (self.folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        frame = pd.DataFrame(
            {
                "text": list(self.dataset["test"]["text"]),
                "label": [row["label"] for row in rows],
                "prediction": [row["prediction"] for row in rows],
                "probability": [row["probabilities"][row["prediction"]] for row in rows],
            },
            index=pd.Index([row["index"] for row in rows], name="index"),
        )
        wrong = frame[frame["label"] != frame["prediction"]]
        return wrong.sort_values("probability", ascending=False, kind="stable")

    @cached_property
    def classifier(self) -> "Classifier":
        """The exported classifier, on the CPU.

        Raises:
            AuxtaskError: the method keeps none.
        """
        from auxtask.model.classifier import load

        return load(self._model_folder())

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Predict the class of each text.

        Args:
            texts: any number of texts.

        Returns:
            A label name for each.
        """
        return self.classifier.predict(texts)

    def predict_proba(self, texts: Sequence[str]) -> "pd.DataFrame":
        """Predict class probabilities.

        Args:
            texts: any number of texts.

        Returns:
            A row for each text, a column for each class under its name, float32; rows sum to 1.
        """
        import pandas as pd

        probabilities = self.classifier.predict_probabilities(texts).numpy()
        return pd.DataFrame(probabilities, columns=self.classifier.label_names)

    def push_to_hub(self, repo_id: str, **arguments: Any) -> str:
        """Put the classifier, its tokenizer and its model card on the Hugging Face hub.

        Args:
            repo_id: `USER/NAME`; it is made where missing.
            arguments: `token`, `private` and `exist_ok` of a new repository; all others are those of
                `huggingface_hub.upload_folder`, as `commit_message`, `revision` and `create_pr`.

        Returns:
            The address of the commit.

        Raises:
            AuxtaskError: the method keeps no classifier.
        """
        from huggingface_hub import HfApi

        from auxtask.reporting.card import model_card

        folder = self._model_folder()
        write_text(folder / "README.md", model_card(self.folder))
        api = HfApi(token=arguments.pop("token", None))
        api.create_repo(repo_id, private=arguments.pop("private", None), exist_ok=arguments.pop("exist_ok", True))
        return str(api.upload_folder(repo_id=repo_id, folder_path=folder, **arguments))

    def _model_folder(self) -> Path:
        folder = RunFolder(self.folder).model
        if not folder.is_dir():
            raise AuxtaskError(
                f"run '{self.folder}' keeps no classifier; what it predicts for the test documents is in its "
                "predictions.jsonl, and a run without baseline= can predict other texts"
            )
        return folder

    @cached_property
    def plot(self) -> "RunPlots":
        """Pictures of the run: `scores()`, `losses()`, `weights()` and `mask_heatmap(text)`."""
        from auxtask.plot.run import RunPlots

        return RunPlots(self.folder)

    @property
    def _title(self) -> str:
        dataset, model, method, _ = self.folder.parts[-4:]
        return f"{dataset} · {model} · {method}"

    def __repr__(self) -> str:
        metrics = RunFolder(self.folder).metrics
        scores = "unfinished"
        if metrics is not None:
            scores = ", ".join(f"{heading} {metrics['test'][name]:.4f}" for name, heading in HEADINGS.items())
            scores = f"test {scores}"
        return f"FittedRun({self._title}: {scores}; {str(self.folder)!r})"

    def _repr_html_(self) -> str:
        from auxtask.reporting.summary import summary_table
        from auxtask.tables.rendering import to_html
        from auxtask.tables.values import Note

        names = self.dataset.label_names
        notes = [
            Note("", f"{len(names)} classes: {listed(names, limit=20)}"),
            Note("", "folder:", command=str(self.folder)),
        ]
        return to_html(replace(summary_table(self.metrics, self._title, {}), notes=notes))
