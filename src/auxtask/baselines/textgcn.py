"""TextGCN (Yao et al. 2019): graph convolution over documents and words without any encoder."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm
from transformers import set_seed

from auxtask.baselines.base import Outcome, documents_of_all_splits, evaluation_row
from auxtask.baselines.graph import normalized_adjacency
from auxtask.baselines.graph_networks import GraphConvolution, Propagation
from auxtask.data.dataset import TextDataset
from auxtask.ground.machine import current_device
from auxtask.ground.tools import Resources
from auxtask.runs.history import evaluation_line
from auxtask.runs.metrics import classification_metrics


class TextGCNNetwork(nn.Module):
    """A dropout(ReLU(A W0)) W1: every node is its own feature.

    Args:
        num_nodes: documents and words.
        num_classes: number of classes.
        hidden_size: width between the layers.
        dropout: between the layers, in [0, 1).
    """

    def __init__(self, num_nodes: int, num_classes: int, hidden_size: int, dropout: float) -> None:
        super().__init__()
        self.first = GraphConvolution(num_nodes, hidden_size, bias=False)
        self.second = GraphConvolution(hidden_size, num_classes, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, to_nodes: Propagation, to_documents: Propagation) -> Tensor:
        """Classify the documents.

        Args:
            to_nodes: the normalised adjacency.
            to_documents: its rows of documents.

        Returns:
            Logits, (documents, classes).
        """
        return self.second(to_documents, self.dropout(F.relu(self.first(to_nodes, None))))


@dataclass(frozen=True)
class TextGCN:
    """Full-batch training of a two-layer graph network on one-hot nodes; documents of test have no labels in it.

    Training stops when the validation loss is above the mean of the `patience` evaluations before; the last
    weights predict.

    Args:
        clean: turns texts into the words of the graph.
        graph: turns the words of documents, and a folder for what is kept, into the edges of the graph.
        hidden_size: width between the layers.
        dropout: between the layers, in [0, 1).
        learning_rate: of Adam.
        num_epochs: steps at most.
        patience: evaluations that the validation loss is compared with.
    """

    clean: Callable[[Sequence[str]], list[list[str]]]
    graph: Callable[..., sp.csr_array]
    hidden_size: int = 200
    dropout: float = 0.5
    learning_rate: float = 0.02
    num_epochs: int = 200
    patience: int = 10

    def fit_predict(self, dataset: TextDataset, resources: Resources) -> Outcome:
        """Train on the labels of train, stop by valid and predict; see `Baseline`."""
        started = time.perf_counter()
        device = current_device()
        texts, documents = documents_of_all_splits(dataset)
        adjacency = normalized_adjacency(self.graph(self.clean(texts), cache=resources.cache / "graphs"))
        to_nodes, to_documents = Propagation(adjacency, device), Propagation(adjacency[: len(texts)], device)
        prepared = time.perf_counter()

        set_seed(resources.seed)
        labels = {split: torch.tensor(dataset[split]["label"], device=device) for split in ("train", "valid")}
        network = TextGCNNetwork(adjacency.shape[0], len(dataset.label_names), self.hidden_size, self.dropout).to(
            device
        )
        optimizer = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        history: list[dict] = []
        with tqdm(total=self.num_epochs, desc="Training") as bar:
            for epoch in range(1, self.num_epochs + 1):
                network.train()
                loss = F.cross_entropy(network(to_nodes, to_documents)[documents["train"]], labels["train"])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                logits = self._predict(network, to_nodes, to_documents)
                valid_logits = logits[documents["valid"]]
                valid_loss = float(F.cross_entropy(valid_logits, labels["valid"]))
                scores = classification_metrics(
                    dataset["valid"]["label"], valid_logits.argmax(dim=-1).cpu(), len(dataset.label_names)
                )
                before = [row["valid"]["loss"] for row in history[-self.patience :]]
                seconds = time.perf_counter() - prepared
                history.append(
                    evaluation_row(
                        epoch, epoch, seconds, loss.item(), self.learning_rate, {"loss": valid_loss, **scores}
                    )
                )
                bar.update()
                if epoch % 10 == 0:
                    bar.write(evaluation_line(epoch, epoch, history[-1]["losses"], scores))
                if len(before) == self.patience and valid_loss > np.mean(before):
                    break
        trained = time.perf_counter()
        probabilities = self._predict(network, to_nodes, to_documents).softmax(dim=-1).cpu().numpy()
        return Outcome(
            {split: probabilities[documents[split]] for split in ("valid", "test")},
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            seconds={
                "score": prepared - started,
                "train": trained - prepared,
                "test": time.perf_counter() - trained,
            },
            history=history,
            best_step=epoch,
            steps=epoch,
        )

    @torch.no_grad()
    def _predict(self, network: TextGCNNetwork, to_nodes: Propagation, to_documents: Propagation) -> Tensor:
        network.eval()
        return network(to_nodes, to_documents)
