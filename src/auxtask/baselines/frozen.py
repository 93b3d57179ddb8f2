"""The vanilla encoder as it is: its mean-pooled hidden states with logistic regression."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sklearn.preprocessing import StandardScaler
from torch import Tensor
from transformers import BatchEncoding

from auxtask.baselines.base import Outcome
from auxtask.baselines.linear import LinearModel, logistic_regression
from auxtask.data.dataset import SPLITS, TextDataset
from auxtask.ground.machine import current_device
from auxtask.ground.tools import Resources
from auxtask.model.encoding import encode_all, mean_vector
from auxtask.model.loading import load_encoder, load_tokenizer


@dataclass(frozen=True)
class FrozenEncoder:
    """Logistic regression on the mean of the last hidden states; the encoder is not trained.

    Args:
        model_name: the vanilla encoder, as for `auxtask.model.loading.resolve`.
        max_length: tokens of a document, special ones included; longer documents are cut.
        inverse_regularization: candidates for logistic regression's `C`; validation macro-F1 chooses.
    """

    model_name: str
    max_length: int
    inverse_regularization: Sequence[float] = (0.01, 0.1, 1.0, 10.0)

    def fit_predict(self, dataset: TextDataset, resources: Resources) -> Outcome:
        """Encode all documents, fit on train, choose the regularisation by valid and predict; see `Baseline`."""
        started = time.perf_counter()
        device = current_device()
        tokenizer = load_tokenizer(self.model_name)
        encoder = load_encoder(self.model_name).to(device)  # type: ignore[arg-type]

        def encode(batch: BatchEncoding) -> tuple[Tensor]:
            hidden_states = encoder(batch["input_ids"], attention_mask=batch["attention_mask"])[0]
            return (mean_vector(hidden_states, batch["attention_mask"]),)

        features = {}
        for split in SPLITS:
            texts = list(dataset[split]["text"])
            rows = tokenizer(texts, truncation=True, max_length=self.max_length)["input_ids"]
            [vectors] = encode_all(encode, rows, tokenizer, device)
            features[split] = vectors.cpu().numpy()
        scaler = StandardScaler().fit(features["train"])
        features = {split: scaler.transform(vectors) for split, vectors in features.items()}
        encoded = time.perf_counter() - started
        model = LinearModel(logistic_regression, self.inverse_regularization)
        outcome = model.fit_predict([features], dataset, resources.seed)
        return replace(
            outcome,
            parameters=outcome.parameters + sum(parameter.numel() for parameter in encoder.parameters()),
            seconds={**outcome.seconds, "score": encoded},
        )
