"""BertGCN and BertGAT (Lin et al. 2021): an encoder and a network on the document-word graph, trained together."""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase, set_seed

from auxtask.baselines.base import Outcome, documents_of_all_splits, evaluation_row
from auxtask.baselines.graph_networks import DocumentGraph
from auxtask.data.dataset import SPLITS, TextDataset
from auxtask.data.order import LengthGroupedSampler
from auxtask.errors import AuxtaskError
from auxtask.ground.machine import current_device
from auxtask.ground.tools import Resources
from auxtask.model.classifier import load
from auxtask.model.encoding import document_vector, encode_all
from auxtask.model.heads import run_encoder, run_head
from auxtask.model.precision import choose_dtype
from auxtask.runs.history import evaluation_line
from auxtask.runs.metrics import classification_metrics

Documents = NDArray[np.int64]


class InterpolatedModel(nn.Module):
    """An encoder's classifier and a graph network, Z = λ softmax(graph) + (1 - λ) softmax(encoder).

    Args:
        classifier: a stock sequence classifier.
        network: classifies chosen documents by the vectors of all documents and the graph.
        interpolation: λ in [0, 1].
    """

    log_weights: Tensor

    def __init__(self, classifier: PreTrainedModel, network: nn.Module, interpolation: float) -> None:
        super().__init__()
        self.classifier = classifier
        self.network = network
        self.register_buffer("log_weights", torch.tensor([interpolation, 1 - interpolation]).log())

    def encode(self, batch: BatchEncoding) -> tuple[Tensor, Tensor]:
        """Give each document's vector, (batch, width), and the classifier's logits, (batch, classes)."""
        rows = {name: batch[name] for name in ("input_ids", "attention_mask")}
        output = run_encoder(self.classifier, **rows)
        logits = run_head(self.classifier, output, **rows).logits
        return document_vector(self.classifier.config, output[0], rows["attention_mask"]), logits

    def forward(self, logits: Tensor, vectors: Tensor, graph: DocumentGraph, chosen: Documents) -> Tensor:
        """Interpolate.

        Args:
            logits: the classifier's, of the chosen documents, (chosen, classes).
            vectors: of all documents, (documents, width).
            graph: the graph.
            chosen: numbers of the documents.

        Returns:
            ln Z, (chosen, classes).
        """
        by_graph = self.network(vectors, graph, chosen).float().log_softmax(dim=-1)
        by_encoder = logits.float().log_softmax(dim=-1)
        return torch.logaddexp(self.log_weights[0] + by_graph, self.log_weights[1] + by_encoder)


class MemoryBank:
    """The vectors and logits of all documents, up to one epoch old, and the steps that train on them.

    Args:
        model: what is trained.
        tokenizer: pads.
        rows: token ids of all documents.
        graph: the graph.
        dtype: of the encoder's forward passes in training.
    """

    def __init__(
        self,
        model: InterpolatedModel,
        tokenizer: PreTrainedTokenizerBase,
        rows: list[list[int]],
        graph: DocumentGraph,
        dtype: torch.dtype,
    ) -> None:
        self.model, self.tokenizer, self.rows, self.graph = model, tokenizer, rows, graph
        self.device = model.classifier.device
        self.dtype = dtype
        self.trained_tokens = 0
        self.refresh(dtype)

    def refresh(self, dtype: torch.dtype) -> None:
        """Encode all documents anew, without dropout and gradient."""
        self.model.eval()
        with self._autocast(dtype):
            self.vectors, self.logits = encode_all(self.model.encode, self.rows, self.tokenizer, self.device)

    @torch.no_grad()
    def log_probabilities(self, chosen: Documents) -> Tensor:
        """Predict documents by what the bank holds: ln Z, (chosen, classes)."""
        self.model.eval()
        return self.model(self.logits[chosen], self.vectors, self.graph, chosen)

    def loss(self, batch: Documents, labels: Tensor) -> Tensor | None:
        """Encode a batch with gradient, put its vectors into the bank and take the loss.

        Args:
            batch: numbers of the documents, labelled or not.
            labels: class index of each of the first documents; those of the batch that are beyond have none.

        Returns:
            The mean of -ln Z at the labels of the batch; None where no document has a label.
        """
        self.model.train()
        rows = [self.rows[index] for index in batch]
        self.trained_tokens += sum(map(len, rows))
        padded = self.tokenizer.pad({"input_ids": rows}, padding_side="right", return_tensors="pt").to(self.device)
        labeled = np.flatnonzero(batch < len(labels))
        with self._autocast(self.dtype):
            vectors, logits = self.model.encode(padded)
        fresh = self.vectors.index_copy(0, torch.from_numpy(batch).to(self.device), vectors.float())
        self.vectors = fresh.detach()
        if not len(labeled):
            return None
        chosen = batch[labeled]
        return F.nll_loss(self.model(logits[labeled], fresh, self.graph, chosen), labels[chosen])

    def _autocast(self, dtype: torch.dtype) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


@dataclass(frozen=True)
class BertGCN:
    """A fine-tuned encoder goes on training beside a graph network that reads its document vectors.

    The loss is the mean of -ln Z (`InterpolatedModel`) over the training documents of a batch. The vectors of all
    documents are kept in a memory bank; a batch computes its own anew, so that gradients reach the encoder through
    the graph as well. Documents of valid and test take part without their labels.

    Args:
        clean: turns texts into the words of the graph.
        graph: turns the words of documents, and a folder for what is kept, into the edges of the graph.
        network: makes the graph network for a width and a number of classes.
        checkpoint: folder of a fine-tuned classifier to start from; None for that of the single-task run.
        interpolation: λ in [0, 1]: 0 is the encoder alone, 1 the graph alone.
        num_epochs: passes over the documents of `batch_splits`.
        decay_epoch: after so many, both learning rates are divided by 10.
        batch_size: documents of a step.
        batch_splits: whose documents are in batches. Those of other splits are encoded once an epoch and give the
            encoder no gradient; ["train"] saves their passes.
        encoder_learning_rate: of the encoder with its classifier.
        graph_learning_rate: of the graph network.
        metric: the validation score that chooses the epoch: macro_f1, micro_f1 or accuracy.
        dtype: of the encoder's passes in training: auto, float32 or bfloat16. Final predictions are in float32.
    """

    clean: Callable[[Sequence[str]], list[list[str]]]
    graph: Callable[..., sp.csr_array]
    network: Callable[[int, int], nn.Module]
    checkpoint: str | None = None
    interpolation: float = 0.7
    num_epochs: int = 50
    decay_epoch: int = 30
    batch_size: int = 64
    batch_splits: Sequence[str] = SPLITS
    encoder_learning_rate: float = 1e-5
    graph_learning_rate: float = 1e-3
    metric: str = "accuracy"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not 0 <= self.interpolation <= 1:
            raise AuxtaskError(f"interpolation={self.interpolation} is outside [0, 1]; the usual value is 0.7")
        if not {"train"} <= set(self.batch_splits) <= set(SPLITS):
            raise AuxtaskError(
                f"batch_splits={list(self.batch_splits)} will not do; give train, with valid and test or without"
            )

    def fit_predict(self, dataset: TextDataset, resources: Resources) -> Outcome:
        """Train on the labels of train, choose the epoch by valid and predict; see `Baseline`."""
        checkpoint = self.checkpoint or resources.fine_tuned()
        classifier = load(checkpoint, current_device())
        if classifier.label_names != dataset.label_names:
            raise AuxtaskError(
                f"checkpoint '{checkpoint}' knows other classes than data set '{dataset.name}'; "
                "give the folder 'model' of a run on this data set"
            )
        started = time.perf_counter()
        texts, documents = documents_of_all_splits(dataset)
        edges = self.graph(self.clean(texts), cache=resources.cache / "graphs")
        graph = DocumentGraph(edges, classifier.model.device)
        prepared = time.perf_counter()

        set_seed(resources.seed)
        network = self.network(classifier.model.config.hidden_size, len(dataset.label_names))
        model = InterpolatedModel(classifier.model, network, self.interpolation).to(classifier.model.device)
        rows = classifier.tokenizer(texts, truncation=True)["input_ids"]
        bank = MemoryBank(model, classifier.tokenizer, rows, graph, choose_dtype(self.dtype))
        history, best_step, state = self._train(bank, dataset, documents, resources.seed)
        trained = time.perf_counter()

        model.load_state_dict(state)
        bank.refresh(torch.float32)
        probabilities = {
            split: bank.log_probabilities(documents[split]).exp().cpu().numpy() for split in ("valid", "test")
        }
        return Outcome(
            probabilities,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            seconds={
                "score": prepared - started,
                "train": trained - prepared,
                "test": time.perf_counter() - trained,
            },
            history=history,
            best_step=best_step,
            steps=history[-1]["step"] if history else 0,
            tokens_per_second=bank.trained_tokens / (trained - prepared),
        )

    def _train(
        self, bank: MemoryBank, dataset: TextDataset, documents: dict[str, Documents], seed: int
    ) -> tuple[list[dict], int, dict[str, Tensor]]:
        """Train; give the history, and step and state of the best epoch."""
        model = bank.model
        labels = torch.tensor(dataset["train"]["label"], device=bank.device)
        valid_labels = np.asarray(dataset["valid"]["label"])
        optimizer = torch.optim.Adam(
            [
                {"params": model.classifier.parameters(), "lr": self.encoder_learning_rate},
                {"params": model.network.parameters(), "lr": self.graph_learning_rate},
            ]
        )
        schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [self.decay_epoch], gamma=0.1)
        in_batches = np.concatenate([documents[split] for split in SPLITS if split in self.batch_splits])
        sampler = LengthGroupedSampler([len(bank.rows[index]) for index in in_batches], self.batch_size, seed)
        steps_per_epoch = math.ceil(len(in_batches) / self.batch_size)

        started = time.perf_counter()
        history: list[dict] = []
        best_step, best_score, best_state = 0, -1.0, model.state_dict()
        with tqdm(total=self.num_epochs * steps_per_epoch, desc="Training") as bar:
            for epoch in range(1, self.num_epochs + 1):
                sampler.set_epoch(epoch)
                order = in_batches[list(sampler)]
                losses = []
                for start in range(0, len(order), self.batch_size):
                    loss = bank.loss(order[start : start + self.batch_size], labels)
                    if loss is not None:
                        optimizer.zero_grad()
                        loss.backward()
                        optimizer.step()
                        losses.append(loss.detach())
                    bar.update()
                mean = float(torch.stack(losses).mean())
                if not math.isfinite(mean):
                    raise AuxtaskError(
                        f"the loss became {mean} in epoch {epoch}; "
                        "use a smaller baseline.encoder_learning_rate or baseline.graph_learning_rate"
                    )
                rate = optimizer.param_groups[0]["lr"]
                schedule.step()
                bank.refresh(bank.dtype)
                predicted = bank.log_probabilities(documents["valid"]).cpu()
                scores = classification_metrics(
                    valid_labels, predicted.argmax(dim=-1).numpy(), len(dataset.label_names)
                )
                valid_loss = float(F.nll_loss(predicted, torch.from_numpy(valid_labels)))
                step, seconds = epoch * steps_per_epoch, time.perf_counter() - started
                history.append(evaluation_row(epoch, step, seconds, mean, rate, {"loss": valid_loss, **scores}))
                bar.write(evaluation_line(epoch, step, history[-1]["losses"], scores))
                if scores[self.metric] > best_score:
                    best_step, best_score, best_state = step, scores[self.metric], deepcopy(model.state_dict())
        return history, best_step, best_state
