"""Networks that leave needless edges out, against dense ones over the whole graph."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
import torch.nn.functional as F

from auxtask.baselines.graph import document_word_edges, normalized_adjacency
from auxtask.baselines.graph_networks import (
    DocumentGraph,
    GraphAttentionNetwork,
    GraphConvolutionNetwork,
    Propagation,
)


@pytest.fixture
def edges():
    rng = np.random.default_rng(0)
    documents = [list(rng.choice(list("abcdefghij"), rng.integers(1, 9))) for _ in range(12)]
    # A document without words has no neighbour but itself.
    return document_word_edges([*documents, []], window=3)


@pytest.fixture
def vectors():
    return torch.randn(13, 5, generator=torch.Generator().manual_seed(0))


def with_zero_words(vectors, edges):
    return torch.cat([vectors, torch.zeros(edges.shape[1], vectors.shape[1])])


def dense_attention(layer, features, neighbors):
    projected = (features @ layer.weight).view(len(features), *layer.source.shape)
    source, target = (projected * layer.source).sum(-1), (projected * layer.target).sum(-1)
    logits = F.leaky_relu(source[None] + target[:, None], 0.2)  # (target, source, heads)
    weights = logits.masked_fill(~neighbors[..., None], -torch.inf).softmax(dim=1)
    return torch.einsum("tsh,shd->thd", weights, projected) + layer.bias


def gradients(module, output):
    probe = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    return torch.autograd.grad((output * probe).sum(), list(module.parameters()))


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


CHOSEN = np.array([3, 12, 0])


def test_convolution_equals_that_over_the_whole_graph(edges, vectors):
    torch.manual_seed(0)
    network = GraphConvolutionNetwork(5, 4, hidden_size=6).eval()
    adjacency = torch.from_numpy(normalized_adjacency(edges).toarray())
    hidden = F.elu(adjacency @ with_zero_words(vectors, edges) @ network.first.weight + network.first.bias)
    expected = (adjacency @ hidden @ network.second.weight + network.second.bias)[CHOSEN]
    found = network(vectors, DocumentGraph(edges), CHOSEN)
    assert_close(found, expected)
    assert_close(gradients(network, found), gradients(network, expected))


def test_attention_equals_that_over_the_whole_graph(edges, vectors):
    torch.manual_seed(0)
    network = GraphAttentionNetwork(5, 4, hidden_size=3, num_heads=2).eval()
    for layer in (network.first, network.second):
        torch.nn.init.normal_(layer.bias)
    neighbors = torch.from_numpy(normalized_adjacency(edges).toarray() > 0)
    hidden = F.elu(dense_attention(network.first, with_zero_words(vectors, edges), neighbors).flatten(1))
    expected = dense_attention(network.second, hidden, neighbors).mean(dim=1)[CHOSEN]
    found = network(vectors, DocumentGraph(edges), CHOSEN)
    assert_close(found, expected)
    assert_close(gradients(network, found), gradients(network, expected))


def test_attention_stays_finite_where_scores_lie_far_apart(edges, vectors):
    # Scores of documents hundreds of nats below the highest: a softmax taken over all of them would be 0 / 0.
    torch.manual_seed(0)
    network = GraphAttentionNetwork(5, 4, hidden_size=3, num_heads=2).eval()
    with torch.no_grad():
        network.first.source *= 1000
    found = network(vectors, DocumentGraph(edges), CHOSEN)
    scores, _ = network.first.scores(network.first.project(vectors))
    assert scores.max() - scores.min() > 500
    assert found.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients(network, found))


def test_attention_dropout_keeps_the_mean(edges, vectors):
    torch.manual_seed(0)
    network = GraphAttentionNetwork(5, 4, hidden_size=3, num_heads=2, dropout=0.3)
    graph, projected = DocumentGraph(edges), network.first.project(vectors)
    for layer in (network._to_words, network._to_documents):
        network.eval()
        expected = layer(projected, graph)
        network.train()
        draws = torch.stack([layer(projected, graph) for _ in range(500)])
        standard_error = draws.std(dim=0) / len(draws) ** 0.5
        assert ((draws.mean(dim=0) - expected).abs() <= 5 * standard_error + 1e-5).all()
        assert standard_error.max() > 0


def test_propagation_has_the_gradient_of_the_dense_product():
    matrix = sp.random_array((4, 6), density=0.5, rng=np.random.default_rng(0), dtype=np.float32).tocsr()
    propagation, dense = Propagation(matrix), torch.from_numpy(matrix.toarray())
    factors = torch.arange(1.0, matrix.nnz + 1)
    scaled = matrix.copy()
    scaled.data = scaled.data * factors.numpy()
    features = torch.randn(6, 3, requires_grad=True)
    for found, expected in (
        (propagation, dense),
        (propagation.scaled(factors), torch.from_numpy(scaled.toarray())),
    ):
        product = found(features)
        assert_close(product, expected @ features)
        [gradient] = torch.autograd.grad(product.square().sum(), features)
        assert_close(gradient, 2 * expected.T @ (expected @ features).detach())
