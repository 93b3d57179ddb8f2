"""Two-layer networks on the document-word graph: convolution and attention, without needless edges.

In BertGCN only documents have features: the rows of words are 0, and only documents are classified. Then a first
layer needs, of all edges, those from documents, and the second those to documents. The edges between words, nine
in ten, act through the degrees of the nodes alone. What is computed is exactly what the whole graph would give.
"""

from copy import copy
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from auxtask.baselines.graph import normalized_adjacency


class Propagation:
    """A constant sparse matrix to multiply dense ones with, gradient included.

    torch's own gradient would transpose the matrix at every step; here it is transposed once.

    Args:
        matrix: (rows, columns).
        device: where to compute.

    >>> Propagation(sp.csr_array(np.array([[0.0, 2.0]])))(torch.tensor([[1.0], [3.0]])).tolist()
    [[6.0]]
    """

    def __init__(self, matrix: sp.sparray, device: str | torch.device = "cpu") -> None:
        rows = sp.csr_array(matrix, dtype=np.float32)
        # The transpose of the positions of the values says where each value goes.
        positions = sp.csr_array((np.arange(rows.nnz), rows.indices, rows.indptr), shape=rows.shape).T.tocsr()
        self.order = torch.from_numpy(positions.data).to(device)
        self.matrix = _to_torch(rows).to(device)
        self.transpose = _to_torch(sp.csr_array(rows.T)).to(device)

    def __call__(self, dense: Tensor) -> Tensor:
        """Multiply: (columns, features) to (rows, features)."""
        return _Multiply.apply(dense, self.matrix, self.transpose)

    def scaled(self, factors: Tensor) -> "Propagation":
        """Multiply each stored value by a factor, (values,), in the order of rows."""
        other = copy(self)
        other.matrix = _with_values(self.matrix, self.matrix.values() * factors)
        other.transpose = _with_values(self.transpose, self.transpose.values() * factors[self.order])
        return other


class _Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: Tensor, transpose: Tensor) -> Tensor:
        ctx.transpose = transpose
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transpose @ gradients[0], None, None


def _to_torch(matrix: sp.csr_array) -> Tensor:
    offsets, columns = (torch.from_numpy(part.astype(np.int64)) for part in (matrix.indptr, matrix.indices))
    return torch.sparse_csr_tensor(
        offsets, columns, torch.from_numpy(matrix.data), size=matrix.shape, check_invariants=False
    )


def _with_values(matrix: Tensor, values: Tensor) -> Tensor:
    return torch.sparse_csr_tensor(
        matrix.crow_indices(), matrix.col_indices(), values, size=matrix.shape, check_invariants=False
    )


class DocumentGraph:
    """The document-word graph as documents see it.

    Args:
        edges: what `auxtask.baselines.graph.document_word_edges` returned, (documents + words, words).
        device: where to compute.

    Attributes:
        rows: the documents' rows of the normalised adjacency, (documents, nodes).
        to_nodes: from documents to all nodes, the transpose of `rows`.
        document_words: the edges between documents and words, each 1, (documents, words).
        to_words: from documents to words by these edges, (words, documents).
        word_neighbors: for each word the number of words joined to it, itself included, (words,).
    """

    def __init__(self, edges: sp.csr_array, device: str | torch.device = "cpu") -> None:
        nodes, words = edges.shape
        documents = nodes - words
        self.device = device
        self.rows = normalized_adjacency(edges)[:documents]
        self.to_nodes = Propagation(self.rows.T, device)
        self.document_words = sp.csr_array(edges[:documents] > 0, dtype=np.float32)
        self.to_words = Propagation(self.document_words.T, device)
        pairs = edges[documents:] > 0
        self.word_neighbors = torch.from_numpy(pairs.sum(axis=0) + pairs.sum(axis=1) + 1).to(device)

    def to_documents(self, chosen: NDArray[np.int64]) -> Propagation:
        """From all nodes to chosen documents."""
        return Propagation(self.rows[chosen], self.device)


class GraphConvolution(nn.Module):
    """A layer A X W + b (Kipf and Welling 2017).

    Args:
        num_inputs: width of X.
        num_outputs: width of the result.
        bias: with b, or without.
    """

    def __init__(self, num_inputs: int, num_outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(num_inputs, num_outputs)))
        self.bias = nn.Parameter(torch.zeros(num_outputs)) if bias else None

    def forward(self, propagation: Propagation, features: Tensor | None) -> Tensor:
        """Project, then propagate; without features every node is its own, and W is what is propagated."""
        projected = self.weight if features is None else features @ self.weight
        propagated = propagation(projected)
        return propagated if self.bias is None else propagated + self.bias


class GraphConvolutionNetwork(nn.Module):
    """The graph network of BertGCN (Lin et al. 2021): A dropout(ELU(A X W0 + b0)) W1 + b1.

    Args:
        num_inputs: width of the documents' vectors.
        num_classes: number of classes.
        hidden_size: width between the layers.
        dropout: between the layers, in [0, 1).
    """

    def __init__(self, num_inputs: int, num_classes: int, hidden_size: int = 200, dropout: float = 0.5) -> None:
        super().__init__()
        self.first = GraphConvolution(num_inputs, hidden_size)
        self.second = GraphConvolution(hidden_size, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor, graph: DocumentGraph, chosen: NDArray[np.int64]) -> Tensor:
        """Classify documents.

        Args:
            vectors: of all documents, (documents, width); words have none.
            graph: the graph.
            chosen: numbers of the documents to be classified, (chosen,).

        Returns:
            Logits, (chosen, classes).
        """
        hidden = self.dropout(F.elu(self.first(graph.to_nodes, vectors)))
        return self.second(graph.to_documents(chosen), hidden)


class GraphAttentionNetwork(nn.Module):
    """The graph network of BertGAT: two layers of graph attention (Veličković et al. 2018), ELU between them.

    The weight of neighbour j to node i is the softmax over neighbours of LeakyReLU(a · W x_j + a' · W x_i); edge
    weights are not used. The first layer has several heads, the second one.

    Args:
        num_inputs: width of the documents' vectors.
        num_classes: number of classes.
        hidden_size: width of each head.
        num_heads: heads of the first layer.
        dropout: of features and of attention, in [0, 1).
    """

    LOWEST = -80.0  # nats: e to this is a normal number of float32

    def __init__(
        self, num_inputs: int, num_classes: int, hidden_size: int = 32, num_heads: int = 8, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.first = GraphAttention(num_inputs, hidden_size, num_heads)
        self.second = GraphAttention(num_heads * hidden_size, num_classes, num_heads=1)
        self.dropout = dropout

    def forward(self, vectors: Tensor, graph: DocumentGraph, chosen: NDArray[np.int64]) -> Tensor:
        """Classify documents; arguments and result as for `GraphConvolutionNetwork`."""
        documents, words = self.first.project(self._dropped(vectors)), graph.document_words
        hidden = F.elu(torch.cat([self._to_documents(documents, graph), self._to_words(documents, graph)]))
        wanted = words[chosen].tocoo()
        target = torch.from_numpy(wanted.row.astype(np.int64)).to(vectors.device)
        source = torch.from_numpy(wanted.col.astype(np.int64)).to(vectors.device) + words.shape[0]
        itself = torch.from_numpy(chosen).to(vectors.device)
        # Each chosen document's words and the document itself.
        source = torch.cat([source, itself])
        target = torch.cat([target, torch.arange(len(chosen), device=vectors.device)])
        projected = self.second.project(self._dropped(hidden))
        logits = self.second.logits(projected, source, itself[target])
        attention = self._dropped(_softmax(logits, target, len(chosen)))
        messages = attention.unsqueeze(-1) * projected[source]
        shape = (len(chosen), *messages.shape[1:])
        return (messages.new_zeros(shape).index_add(0, target, messages) + self.second.bias).mean(dim=1)

    def _dropped(self, tensor: Tensor) -> Tensor:
        return F.dropout(tensor, self.dropout, self.training)

    def _to_documents(self, projected: Tensor, graph: DocumentGraph) -> Tensor:
        """The first layer at documents: all neighbours but the document itself are words, which project to 0."""
        as_source, as_target = self.first.scores(projected)
        own = F.leaky_relu(as_source + as_target, self.first.SLOPE)
        other = F.leaky_relu(as_target, self.first.SLOPE)
        lengths = np.diff(graph.document_words.indptr)
        num_words = torch.from_numpy(lengths).to(projected).clamp(min=1e-30).log().unsqueeze(-1)
        attention = self._dropped(torch.sigmoid(own - other - num_words))
        return (attention.unsqueeze(-1) * projected + self.first.bias).flatten(1)

    def _to_words(self, projected: Tensor, graph: DocumentGraph) -> Tensor:
        """The first layer at words: a document's score is the same at all of them, a word's is 0."""
        as_source, _ = self.first.scores(projected)
        scores = F.leaky_relu(as_source, self.first.SLOPE)
        shift = scores.detach().amax(dim=0).clamp(min=0)
        # A word all of whose documents are further below the highest score would have the weights 0 / 0.
        weights = (scores - shift).clamp(min=self.LOWEST).exp()
        total = graph.to_words(weights)
        total = total + graph.word_neighbors.to(weights).unsqueeze(-1) * (-shift).clamp(min=self.LOWEST).exp()
        summed = []
        for head in range(projected.shape[1]):
            kept = self._dropped(torch.ones_like(graph.to_words.matrix.values()))
            summed.append(graph.to_words.scaled(kept)(weights[:, head, None] * projected[:, head]))
        return (torch.stack(summed, dim=1) / total.unsqueeze(-1) + self.first.bias).flatten(1)


class GraphAttention(nn.Module):
    """The parameters of a layer of graph attention.

    Args:
        num_inputs: width of a node's features.
        hidden_size: width of each head.
        num_heads: number of heads.
    """

    SLOPE = 0.2

    def __init__(self, num_inputs: int, hidden_size: int, num_heads: int) -> None:
        super().__init__()
        gain = nn.init.calculate_gain("relu")
        self.weight = nn.Parameter(torch.empty(num_inputs, num_heads * hidden_size))
        self.source = nn.Parameter(torch.empty(num_heads, hidden_size))
        self.target = nn.Parameter(torch.empty(num_heads, hidden_size))
        for parameter in (self.weight, self.source, self.target):
            nn.init.xavier_normal_(parameter, gain)
        self.bias = nn.Parameter(torch.zeros(num_heads, hidden_size))

    def project(self, features: Tensor) -> Tensor:
        """(nodes, width) to (nodes, heads, hidden size)."""
        return (features @ self.weight).unflatten(1, self.source.shape)

    def scores(self, projected: Tensor) -> tuple[Tensor, Tensor]:
        """A node's share in the score of an edge as its source and as its target, (nodes, heads) each."""
        return (projected * self.source).sum(dim=-1), (projected * self.target).sum(dim=-1)

    def logits(self, projected: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """The score of each edge, (edges, heads)."""
        as_source, as_target = self.scores(projected)
        return F.leaky_relu(as_source[source] + as_target[target], self.SLOPE)


def _softmax(logits: Tensor, group: Tensor, num_groups: int) -> Tensor:
    """Softmax within groups: (edges, heads), group of each edge (edges,)."""
    index = group.unsqueeze(-1).expand_as(logits)
    shape = (num_groups, logits.shape[1])
    highest = logits.detach().new_full(shape, -torch.inf).scatter_reduce(0, index, logits.detach(), "amax")
    weights = (logits - highest[group]).exp()
    return weights / weights.new_zeros(shape).index_add(0, group, weights)[group]
