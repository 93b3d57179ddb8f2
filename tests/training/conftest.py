"""A trainer of a small random network with a task of either kind, over a few documents."""

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification

from auxtask.data.encoding import encode_texts
from auxtask.masking.random import RTMCollator
from auxtask.model.multitask import MultiTaskModel
from auxtask.runs.metrics import classification_metrics
from auxtask.tasks.masking import MaskingTask
from auxtask.tasks.recognition import collate_labels, tagging_loss
from auxtask.training.batches import ClassificationCollator, MultiTaskCollator
from auxtask.training.plan import training_arguments
from auxtask.training.trainer import MultiTaskTrainer


def compute_metrics(prediction):
    return classification_metrics(prediction.label_ids, np.asarray(prediction.predictions).argmax(axis=-1), 3)


@pytest.fixture
def documents(tokenizer, sentences):
    encoded = encode_texts(sentences * 3, tokenizer, None)
    labels = [index % 2 for index in range(len(sentences) * 3)]
    tags = [[-100 if word < 0 else word % 3 for word in row] for row in encoded["word_ids"]]
    return Dataset.from_dict({**encoded, "label": labels, "phrase_labels": tags})


@pytest.fixture
def build(tokenizer, documents, tmp_path):
    """A trainer whose model has a task with rows of its own and one on the main rows, without dropout."""

    def make(
        weighting, mask_rate=0.3, name="run", dropout=0.0, tasks=("rtm", "tags"), main_rows=None, task_every=1,
        held_back=None, **fields,
    ):  # fmt: skip
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=64, num_labels=3,
            hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
        )  # fmt: skip
        classifier = BertForSequenceClassification(config)
        heads = {"rtm": BertForMaskedLM(config), "tags": BertForTokenClassification(config)}
        losses = {"rtm": MaskingTask(RTMCollator).loss, "tags": tagging_loss}
        model = MultiTaskModel(classifier, {name: heads[name] for name in tasks}, losses)
        main = ClassificationCollator(tokenizer)
        collators = {"rtm": RTMCollator(tokenizer, mask_rate, seed=0), "tags": collate_labels}
        collator = MultiTaskCollator(main, {name: collators[name] for name in tasks}, main_rows=main_rows)
        arguments = training_arguments(
            tmp_path / name, report_to="none", remove_unused_columns=False,
            disable_tqdm=True, label_names=[], eval_strategy="steps", save_strategy="steps", learning_rate=1e-3,
            **{"per_device_train_batch_size": 6, "eval_steps": 2, "save_steps": 2, "max_steps": 4, **fields},
        )  # fmt: skip
        trainer = MultiTaskTrainer(
            model, arguments, collator, MultiTaskCollator(main), documents, documents.select(range(9)), weighting,
            compute_metrics, task_every=task_every, held_back=held_back,
        )  # fmt: skip
        trainer.current_gradient_accumulation_steps = 1
        return trainer

    return make
