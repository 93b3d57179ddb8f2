"""Weightings against worked examples, finite differences and naive loops, in float64."""

import numpy as np
import pytest
import torch
from torch import nn

from auxtask.errors import AuxtaskError
from auxtask.training.gradients import add_combination, gram_matrix, task_gradients
from auxtask.training.weighting.base import TrainingFacts
from auxtask.training.weighting.dwa import DynamicWeightAverage
from auxtask.training.weighting.gate import GradientGate
from auxtask.training.weighting.gradnorm import GradNorm
from auxtask.training.weighting.meta import MetaWeighting
from auxtask.training.weighting.mt import EqualWeighting
from auxtask.training.weighting.pcgrad import PCGrad
from auxtask.training.weighting.static import StaticWeighting
from auxtask.training.weighting.uncertainty import UncertaintyWeighting


def prepared(weighting, count=2):
    class Classifier(nn.Module):
        base_model = nn.Linear(1, 1)

    tasks = ["main", "one", "two", "three"][:count]
    weighting.prepare(TrainingFacts(tasks, Classifier(), None, 8))
    return weighting


def gram_of(*vectors):
    return gram_matrix([[torch.tensor(vector, dtype=torch.float64)] for vector in vectors])


def at_cosines(*cosines):
    """Unit task gradients at given cosines to a unit dev gradient."""
    return gram_of(*([cosine, (1 - cosine**2) ** 0.5] for cosine in cosines), [1.0, 0.0])


def test_meta_tartan_gives_the_worked_example():
    weighting = prepared(MetaWeighting(learning_rate=0.01))
    assert weighting.weights() == {"main": 0.5, "one": 0.5}
    for cosines in ((0.6, 0.1), (0.4, -0.2)):
        weighting.shared_coefficients(at_cosines(*cosines))
    weighting.update()
    assert weighting.logits.tolist() == pytest.approx([0.505, 0.4995], abs=1e-12)
    assert list(weighting.weights().values()) == pytest.approx([0.501375, 0.498625], abs=1e-6)


def test_meta_tartan_by_hand_with_two_tasks_and_two_parameters():
    # L_main = x^2 + y, L_one = 3 x y, L_dev = x - y at (1, 2): gradients (2, 1), (6, 3), (1, -1).
    x, y = (nn.Parameter(torch.tensor(value, dtype=torch.float64)) for value in (1.0, 2.0))
    losses = {"main": x**2 + y, "one": 3 * x * y}
    gradients = task_gradients(losses, [x, y])
    dev = torch.autograd.grad(x - y, [x, y])
    gram = gram_matrix([*gradients.values(), dev])
    assert gram.tolist() == [[5, 15, 1], [15, 45, 3], [1, 3, 2]]
    weighting = prepared(MetaWeighting(learning_rate=0.1))
    coefficients = weighting.shared_coefficients(gram)
    add_combination([x, y], list(gradients.values()), coefficients.tolist())
    assert (float(x.grad), float(y.grad)) == (4.0, 2.0)
    weighting.update()
    cosine = 1 / 10**0.5
    assert weighting.logits.tolist() == pytest.approx([0.5 + 0.1 * cosine] * 2, abs=1e-15)


def test_the_dev_product_is_the_derivative_of_the_dev_loss_after_a_step():
    rng = torch.Generator().manual_seed(0)
    theta = torch.randn(5, generator=rng, dtype=torch.float64)
    matrices = torch.randn(3, 5, 5, generator=rng, dtype=torch.float64)

    def losses(at):
        return [torch.sin(matrix @ at).sum() for matrix in matrices]

    gradients = []
    for index in range(3):
        at = theta.clone().requires_grad_()
        gradients.append(torch.autograd.grad(losses(at)[index], [at]))
    gram = gram_matrix(gradients)
    rate, step = 1e-3, 1e-5

    def dev_after(first, second):
        return float(losses(theta - rate * (first * gradients[0][0] + second * gradients[1][0]))[2])

    for index, shift in enumerate(((step, 0), (0, step))):
        slope = (dev_after(*shift) - dev_after(-shift[0], -shift[1])) / (2 * step)
        assert -rate * float(gram[index, 2]) == pytest.approx(slope, rel=1e-6)


def test_gradients_of_norm_zero_leave_the_weights_where_they_are():
    zero = gram_of([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    meta = prepared(MetaWeighting())
    meta.shared_coefficients(zero)
    meta.update()
    assert meta.weights() == {"main": 0.5, "one": 0.5}
    norm = prepared(GradNorm())
    norm.observe(torch.tensor([0.0, 0.0]))
    assert norm.shared_coefficients(zero[:2, :2]).tolist() == [1, 1]
    norm.update()
    assert norm.weights() == {"main": 1, "one": 1}
    assert prepared(PCGrad()).shared_coefficients(zero[:2, :2]).tolist() == [1, 1]
    assert prepared(GradientGate()).shared_coefficients(zero[:2, :2]).tolist() == [1, 0]


def naive_pcgrad(gradients, orders):
    """The published loop over whole gradients."""
    total = np.zeros_like(gradients[0])
    for i, gradient in enumerate(gradients):
        projected = gradient.copy()
        for j in orders[i]:
            product = projected @ gradients[j]
            if j != i and product < 0:
                projected -= product / (gradients[j] @ gradients[j]) * gradients[j]
        total += projected
    return total


def test_pcgrad_is_the_loop_over_whole_gradients():
    rng = np.random.default_rng(0)
    for draw in range(20):
        gradients = list(rng.normal(size=(4, 6)))
        weighting = prepared(PCGrad(seed=3), 4)
        weighting.draws.fill_(draw)
        coefficients = weighting.shared_coefficients(gram_of(*gradients)).numpy()
        orders_rng = np.random.default_rng([3, draw])
        expected = naive_pcgrad(gradients, [orders_rng.permutation(4) for _ in range(4)])
        np.testing.assert_allclose(coefficients @ np.array(gradients), expected, atol=1e-12)
        assert weighting.draws == draw + 1


def test_without_conflict_pcgrad_is_the_sum():
    assert prepared(PCGrad(), 3).shared_coefficients(gram_of([1, 0.0], [1, 1.0], [0, 1.0])).tolist() == [1, 1, 1]


def test_gradnorm_moves_down_the_gradient_of_its_loss():
    gradients = np.array([[3.0, 4.0], [0.6, 0.8], [2.0, 0.0]])
    first, now = np.array([2.0, 4.0, 1.0]), np.array([1.0, 3.6, 0.2])
    weighting = prepared(GradNorm(alpha=1.5, learning_rate=0.02), 3)
    weighting.factors = torch.tensor([0.8, 1.1, 1.1], dtype=torch.float64)
    weighting.observe(torch.from_numpy(first))
    weighting.observe(torch.from_numpy(now))
    weighting.shared_coefficients(gram_of(*gradients))
    norms = np.linalg.norm(gradients, axis=1)
    weights = np.array([0.8, 1.1, 1.1])
    mean = (weights * norms).mean()
    ratio = now / first
    target = mean * (ratio / ratio.mean()) ** 1.5

    def loss(at):
        return np.abs(at * norms - target).sum() / mean

    slope = np.array([(loss(weights + row) - loss(weights - row)) / 2e-6 for row in 1e-6 * np.eye(3)])
    np.testing.assert_allclose(weighting.gradient, slope, rtol=1e-6)
    weighting.update()
    moved = weights - 0.02 * slope
    np.testing.assert_allclose(weighting.factors, 3 * moved / moved.sum(), rtol=1e-6)
    assert sum(weighting.weights().values()) == pytest.approx(3)


def test_uncertainty_follows_autograd_and_settles_where_the_loss_says():
    weighting = prepared(UncertaintyWeighting(learning_rate=0.05))
    losses = torch.tensor([0.4, 3.0])
    u = torch.zeros(2, requires_grad=True)
    (torch.exp(-u) * losses + u / 2).sum().backward()
    weighting.observe(losses)
    torch.testing.assert_close(weighting.gradient, u.grad)
    for _ in range(500):
        weighting.update()
        weighting.observe(losses)
    assert list(weighting.weights().values()) == pytest.approx([1 / 0.8, 1 / 6], rel=1e-3)


def test_dwa_by_hand():
    weighting = prepared(DynamicWeightAverage(temperature=2.0))
    for epoch in ([[2.0, 4.0], [4.0, 4.0]], [[1.0, 4.0], [2.0, 2.0]]):
        assert weighting.weights() == {"main": 1, "one": 1}
        for losses in epoch:
            weighting.observe(torch.tensor(losses))
        weighting.end_epoch()
    # Means 3 and 4, then 1.5 and 3: ratios 0.5 and 0.75.
    exponentials = np.exp(np.array([0.5, 0.75]) / 2)
    assert list(weighting.weights().values()) == pytest.approx(2 * exponentials / exponentials.sum(), rel=1e-6)


def test_fixed_weights():
    assert prepared(EqualWeighting(), 4).weights() == pytest.approx(
        dict.fromkeys(("main", "one", "two", "three"), 0.25)
    )
    static = prepared(StaticWeighting(0.5, {"two": 0.1}), 3)
    assert static.weights() == pytest.approx({"main": 1, "one": 0.5, "two": 0.1})
    losses = {"main": torch.tensor(1.0), "one": torch.tensor(2.0), "two": torch.tensor(10.0)}
    assert float(static.combine(losses)) == pytest.approx(3.0)


def test_a_weight_of_no_task_is_refused():
    with pytest.raises(AuxtaskError, match=r"weighting.tasks names 'tow', no task of this run; use main, one"):
        prepared(StaticWeighting(tasks={"tow": 0.5}))


@pytest.mark.parametrize(
    "make",
    [
        lambda: StaticWeighting(auxiliary=-1), lambda: UncertaintyWeighting(0), lambda: DynamicWeightAverage(0),
        lambda: GradNorm(alpha=-1), lambda: GradNorm(learning_rate=0), lambda: MetaWeighting(learning_rate=-1),
        lambda: MetaWeighting(batch_share=0), lambda: MetaWeighting(dev_batch_share=-1),
    ],
)  # fmt: skip
def test_arguments_are_checked_at_the_door(make):
    with pytest.raises(AuxtaskError, match=r"weighting.*; use"):
        make()


def test_a_combination_of_gradients_is_the_gradient_of_the_combination():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    parameters = list(network.parameters())
    rows = torch.randn(5, 3, dtype=torch.float64)

    def losses():
        first, second = network(rows).unbind(dim=1)
        return {"main": first.square().mean(), "one": second.exp().mean()}

    gradients = task_gradients(losses(), parameters)
    for _ in range(2):  # as over two batches of one step
        add_combination(parameters, list(gradients.values()), [0.3, 0.7])
    found = [parameter.grad.clone() for parameter in parameters]
    network.zero_grad()
    (2 * (0.3 * losses()["main"] + 0.7 * losses()["one"])).backward()
    for one, parameter in zip(found, parameters, strict=True):
        torch.testing.assert_close(one, parameter.grad)
