"""Heads run apart from their encoder equal the whole stock model, for every architecture family."""

import copy

import pytest
import torch
from transformers import (
    AlbertConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    LongformerConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
)

from auxtask.errors import AuxtaskError
from auxtask.model.heads import (
    masked_lm_loss,
    run_encoder,
    run_head,
    separate_output_embeddings,
    vocabulary_logits,
)
from auxtask.model.multitask import MultiTaskModel
from auxtask.tasks.masking import MaskingTask

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}
IDS = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
CONFIGS = {
    "bert": BertConfig(**SIZES),
    "roberta": RobertaConfig(**SIZES),
    "distilbert": DistilBertConfig(
        vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=40
    ),
    "electra": ElectraConfig(**SIZES, embedding_size=8),
    "deberta-v2": DebertaV2Config(**SIZES, relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "deberta-v2, new head": DebertaV2Config(**SIZES, legacy=False),
    "modernbert": ModernBertConfig(**SIZES, **IDS),
    "albert": AlbertConfig(**SIZES, embedding_size=8),
    "mpnet": MPNetConfig(**SIZES),
    # Pads to its window inside, and its classifier looks at the first token from everywhere.
    "longformer": LongformerConfig(**SIZES, attention_window=4),
}


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def config(request):
    torch.manual_seed(0)
    # A copy: a separate decoder changes its model's configuration.
    return copy.deepcopy(request.param)


@pytest.fixture
def rows():
    generator = torch.Generator().manual_seed(0)
    input_ids = torch.randint(5, 50, (3, 9), generator=generator)
    attention_mask = torch.ones_like(input_ids)
    attention_mask[1, 6:] = 0
    return {"input_ids": input_ids, "attention_mask": attention_mask}


@torch.no_grad()
def test_vocabulary_head_on_chosen_positions_equals_the_full_logits(config, rows):
    model = AutoModelForMaskedLM.from_config(config).eval()
    documents, positions = torch.tensor([0, 1, 2]), torch.tensor([2, 5, 8])
    hidden_states = model.base_model(**rows)[0]
    chosen = vocabulary_logits(model, hidden_states[documents, positions])
    torch.testing.assert_close(chosen, model(**rows).logits[documents, positions])


@torch.no_grad()
def test_classification_head_on_a_given_output_equals_the_whole_model(config, rows):
    model = AutoModelForSequenceClassification.from_config(config).eval()
    logits = run_head(model, run_encoder(model, **rows), **rows).logits
    torch.testing.assert_close(logits, model(**rows).logits)


def test_loss_equals_that_of_the_stock_model_and_so_does_its_gradient(config, rows):
    model = AutoModelForMaskedLM.from_config(config).eval()
    labels = torch.where(torch.rand(rows["input_ids"].shape) < 0.3, rows["input_ids"], -100)
    labels[rows["attention_mask"] == 0] = -100
    stock = model(**rows, labels=labels).loss
    stock.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    ours, logits = masked_lm_loss(model, model.base_model(**rows)[0], labels)
    ours.backward()
    torch.testing.assert_close(ours, stock)
    assert logits.shape == ((labels != -100).sum(), config.vocab_size)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-6, rtol=1e-4)


def test_loss_of_a_batch_without_masks_is_zero_and_has_a_gradient(config, rows):
    model = AutoModelForMaskedLM.from_config(config)
    loss, _ = masked_lm_loss(model, model.base_model(**rows)[0], torch.full_like(rows["input_ids"], -100))
    loss.backward()
    assert loss == 0
    assert all(p.grad is None or p.grad.abs().sum() == 0 for p in model.parameters())


def test_tasks_share_one_encoder_and_their_losses_are_those_of_the_stock_models(config, rows):
    classifier = AutoModelForSequenceClassification.from_config(config)
    head = AutoModelForMaskedLM.from_config(config)
    model = MultiTaskModel(classifier, {"rtm": head}, {"rtm": MaskingTask(masking=None).loss}).eval()
    assert head.base_model is classifier.base_model
    embeddings = classifier.get_input_embeddings().weight
    decoder = head.get_output_embeddings()
    if decoder is not None and decoder.weight.shape == embeddings.shape:
        assert decoder.weight is embeddings

    labels = torch.where(torch.arange(9) == 3, rows["input_ids"], -100)
    masked = {**rows, "input_ids": torch.where(torch.arange(9) == 3, 4, rows["input_ids"])}
    batch = {"main": {**rows, "labels": torch.tensor([0, 1, 1])}, "rtm": {**masked, "labels": labels}}
    output = model(batch)
    stock = classifier(**rows, labels=batch["main"]["labels"])
    torch.testing.assert_close(output["logits"], stock.logits)
    torch.testing.assert_close(output["losses"]["main"], stock.loss)
    torch.testing.assert_close(output["losses"]["rtm"], head(**masked, labels=labels).loss)


def test_parts_of_different_width_go_through_the_encoder_together(rows):
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_config(CONFIGS["bert"])
    head = AutoModelForMaskedLM.from_config(CONFIGS["bert"])
    model = MultiTaskModel(classifier, {"rtm": head}, {"rtm": MaskingTask(masking=None).loss}).eval()
    narrow = {name: value[:2, :5] for name, value in rows.items()}
    labels = torch.where(torch.arange(5) == 3, narrow["input_ids"], -100)
    output = model({"main": {**rows, "labels": torch.tensor([0, 1, 1])}, "rtm": {**narrow, "labels": labels}})
    torch.testing.assert_close(output["losses"]["rtm"], head(**narrow, labels=labels).loss)
    torch.testing.assert_close(output["logits"], classifier(**rows).logits)


def test_state_dict_holds_each_shared_tensor_once(config):
    classifier = AutoModelForSequenceClassification.from_config(config)
    head = AutoModelForMaskedLM.from_config(config)
    model = MultiTaskModel(classifier, {"rtm": head}, {"rtm": MaskingTask(masking=None).loss})
    state = model.state_dict()
    pointers = [tensor.data_ptr() for tensor in state.values()]
    assert len(set(pointers)) == len(pointers)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    saved = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    model.load_state_dict(saved)  # strict: no name is missed
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in saved.items())


def gradients_of_the_masked_lm_loss(config, rows, decoder):
    """The gradient of the masked-LM loss by the shared embeddings, and the loss; dropout off."""
    torch.manual_seed(0)
    classifier = AutoModelForSequenceClassification.from_config(config)
    head = AutoModelForMaskedLM.from_config(config)
    if decoder == "separate":
        separate_output_embeddings(head)
    task = MaskingTask(masking=None, decoder=decoder)
    model = MultiTaskModel(classifier, {"rtm": head}, {"rtm": task.loss}).eval()
    labels = torch.where(torch.arange(9) == 3, rows["input_ids"], -100)
    masked = {**rows, "input_ids": torch.where(torch.arange(9) == 3, 4, rows["input_ids"])}
    loss = model({"rtm": {**masked, "labels": labels}})["losses"]["rtm"]
    loss.backward()
    return loss.item(), classifier.get_input_embeddings().weight.grad, head, masked["input_ids"]


@pytest.mark.parametrize("decoder", ["detached", "separate"])
def test_rows_of_absent_tokens_get_no_gradient_unless_the_decoder_is_tied(config, rows, decoder):
    if decoder == "separate" and isinstance(config, DebertaV2Config) and not config.legacy:
        with pytest.raises(AuxtaskError, match="use decoder=tied or decoder=detached"):
            separate_output_embeddings(AutoModelForMaskedLM.from_config(config))
        return
    tied_loss, tied, _, input_ids = gradients_of_the_masked_lm_loss(config, rows, "tied")
    loss, gradient, head, _ = gradients_of_the_masked_lm_loss(config, rows, decoder)
    absent = torch.ones(50, dtype=torch.bool)
    absent[input_ids[rows["attention_mask"].bool()]] = False
    absent[config.pad_token_id] = False
    assert tied[absent].abs().min(dim=0).values.max() > 0
    assert gradient[absent].abs().max() == 0
    assert gradient[~absent].abs().max() > 0
    if decoder == "separate":
        # The copy starts equal, so the loss does; all of its rows are trained.
        assert head.get_output_embeddings().weight.grad[absent].abs().max() > 0
    else:
        assert loss == pytest.approx(tied_loss)
        assert head.get_output_embeddings().weight.requires_grad


def test_a_decoder_of_another_name_is_refused():
    with pytest.raises(AuxtaskError, match=r"decoder='free' is unknown; use tied, detached, separate"):
        MaskingTask(masking=None, decoder="free")
