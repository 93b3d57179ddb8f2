"""A network has the weights of its checkpoint, or is refused: no head, layer or table is random in silence."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    GPT2Config,
)

import auxtask
from architectures import save_small_model, small_config
from auxtask.baselines.frozen import FrozenEncoder
from auxtask.data.dataset import build_text_dataset
from auxtask.errors import AuxtaskError
from auxtask.ground.tools import Resources
from auxtask.likelihood.scorer import PLLScorer
from auxtask.model.loading import load_classifier, load_encoder, load_masked_lm, load_tagger

KINDS = ["bert", "roberta", "deberta-v2", "modernbert"]
LABELS = ["a", "b", "c"]
LOADERS = {
    "load_masked_lm": load_masked_lm,
    "PLLScorer": PLLScorer.from_pretrained,
    "auxtask.load": auxtask.load,
}
NEW_HEAD = {
    "load_classifier": lambda name: load_classifier(name, LABELS),
    "load_tagger": lambda name: load_tagger(name, LABELS),
    "load_encoder": load_encoder,
}


@pytest.fixture
def save(tmp_path, tokenizer):
    def save_as(model_type, auto_class=AutoModelForMaskedLM, change=None, **fields):
        """A folder with the weights of a class, as they are or changed, under the small configuration."""
        folder = tmp_path / f"{model_type} {auto_class.__name__}"
        config = small_config(model_type, tokenizer)
        for field, value in fields.items():
            setattr(config, field, value)
        torch.manual_seed(0)
        model = auto_class.from_config(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if change is not None:
            weights = change(load_file(folder / "model.safetensors"))
            save_file(weights, folder / "model.safetensors", {"format": "pt"})
        return folder

    return save_as


def with_prefix(vanilla):
    """Name the weights of a bare encoder as a model with a head does."""
    prefix = next(name for name in vanilla if "embeddings" in name).split(".")[0]
    return lambda weights: {f"{prefix}.{name}": value for name, value in weights.items()}


@pytest.mark.parametrize("prefixed", [False, True])
@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize("model_type", KINDS)
def test_what_needs_a_head_refuses_an_encoder_without_one(save, model_type, loader, prefixed):
    change = with_prefix(load_file(save(model_type) / "model.safetensors")) if prefixed else None
    folder = save(model_type, AutoModel, change)
    with pytest.raises(AuxtaskError, match=r"lacks \d+ weights? \(.*\), which would be random; ") as refusal:
        loader(folder)
    assert "\n" not in str(refusal.value)


def test_the_line_names_the_weights_and_the_mend(save):
    with pytest.raises(AuxtaskError) as refusal:
        load_masked_lm(folder := save("bert", AutoModel))
    assert str(refusal.value) == (
        f"model '{folder}' lacks 6 weights (cls.predictions.bias, cls.predictions.decoder.bias, "
        "cls.predictions.transform.LayerNorm.bias, ...), which would be random; use a whole checkpoint with its "
        "masked-LM head; aux=stl and the N-gram tasks need no head"
    )
    with pytest.raises(AuxtaskError) as refusal:
        auxtask.load(folder)
    assert str(refusal.value) == (
        f"'{folder}' lacks 2 weights (classifier.bias, classifier.weight), which would be random; give the folder "
        "'model' of a finished run"
    )


@pytest.mark.parametrize("loader", NEW_HEAD.values(), ids=NEW_HEAD)
@pytest.mark.parametrize("auto_class", [AutoModel, AutoModelForMaskedLM, AutoModelForSequenceClassification])
@pytest.mark.parametrize("model_type", KINDS)
def test_what_needs_no_head_takes_the_encoder_from_any_checkpoint(save, model_type, auto_class, loader):
    folder = save(model_type, auto_class)
    weights = {name.split(".", 1)[-1]: value for name, value in load_file(folder / "model.safetensors").items()}
    weights |= load_file(folder / "model.safetensors")
    loaded = loader(folder)
    vanilla = AutoModelForMaskedLM.from_config(loaded.config).base_model.state_dict()
    taken = loaded.base_model.state_dict()
    assert vanilla.keys() <= taken.keys()
    assert all(torch.equal(taken[name], weights[name]) for name in vanilla)


@pytest.mark.parametrize("loader", [*NEW_HEAD.values(), load_masked_lm], ids=[*NEW_HEAD, "load_masked_lm"])
@pytest.mark.parametrize("model_type", ["bert", "modernbert"])
@pytest.mark.parametrize("damage", ["missing", "other shape", "more layers"])
def test_a_damaged_encoder_is_refused_by_all(save, model_type, loader, damage):
    folder = save(model_type)
    path = folder / "model.safetensors"
    weights = load_file(path)
    of_layers = [name for name, value in weights.items() if ".1." in name and value.ndim == 2]
    if damage == "missing":
        del weights[of_layers[0]]
    elif damage == "other shape":
        weights[of_layers[0]] = torch.zeros(3, 5)
    else:
        weights |= {name.replace(".1.", ".2."): weights[name].clone() for name in of_layers}
    save_file(weights, path, {"format": "pt"})
    says = {"missing": "lacks 1 weight", "other shape": "has 1 weight", "more layers": "no place for"}[damage]
    with pytest.raises(AuxtaskError, match=says) as refusal:
        loader(folder)
    named = sorted(of_layers)[0].replace(".1.", ".2.") if damage == "more layers" else of_layers[0]
    assert named in str(refusal.value)


def test_a_decoder_of_another_architecture_is_no_head(save):
    head = load_file(save("roberta") / "model.safetensors")
    folder = save(
        "bert",
        AutoModel,
        lambda weights: weights | {name: head[name] for name in head if name.startswith("lm_head")},
    )
    with pytest.raises(AuxtaskError, match=r"lacks 6 weights \(cls\.predictions"):
        load_masked_lm(folder)


def test_weights_that_are_cut_off_are_refused(save):
    folder = save("bert")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    for loader, says in ((load_masked_lm, "cannot be loaded"), (auxtask.load, "holds no classifier")):
        with pytest.raises(AuxtaskError, match=says):
            loader(folder)


@pytest.mark.parametrize("loader", [load_classifier, load_tagger])
@pytest.mark.parametrize("labels", [LABELS[:2], LABELS])
def test_a_new_head_is_new_whether_or_not_the_checkpoint_has_one_of_its_size(save, loader, labels):
    folder = save("bert", AutoModelForSequenceClassification)
    theirs = load_file(folder / "model.safetensors")["classifier.weight"]
    torch.manual_seed(1)
    loaded = loader(folder, labels)
    weight = loaded.classifier.weight
    assert weight.shape == (len(labels), 16)
    assert not any(torch.equal(row, other) for row in weight for other in theirs)
    assert loaded.config.id2label == dict(enumerate(labels))


def test_loading_draws_what_the_stock_class_draws_and_nothing_else(save):
    folder = save("bert")
    torch.manual_seed(0)
    stock = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(load_classifier(folder, LABELS).classifier.weight, stock.classifier.weight)
    assert torch.equal(torch.rand(1), after)


def test_an_encoder_without_head_is_trained_alone_and_frozen(save, sentences):
    pairs = [(sentence, str(index % 2)) for index, sentence in enumerate(sentences)]
    dataset = build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="few", provenance={})
    folder = save("bert", AutoModel)
    outcome = FrozenEncoder(str(folder), 24).fit_predict(dataset, Resources(0, folder, lambda: folder))
    assert outcome.probabilities["test"].shape == (len(sentences), 2)


@pytest.mark.slow
def test_two_processes_score_alike_or_refuse(save):
    """A random head would be another in each process."""
    code = (
        "import sys; from auxtask.likelihood.scorer import PLLScorer\n"
        "try: print(PLLScorer.from_pretrained(sys.argv[1]).score(['The sea.'])[0].pll)\n"
        "except ValueError as error: print(error)"
    )
    for folder in (save("bert"), save("bert", AutoModel)):
        said = {
            subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        }
        assert len(said) == 1


def test_an_architecture_without_the_head_is_refused_by_name(save, tmp_path):
    folder = tmp_path / "gpt2"
    config = GPT2Config(vocab_size=50, n_embd=8, n_layer=1, n_head=2)
    AutoModel.from_config(config).save_pretrained(folder)
    with pytest.raises(AuxtaskError, match="transformers has no AutoModelForMaskedLM of gpt2"):
        load_masked_lm(folder)


def test_a_model_is_given_back_as_it_was(tmp_path, tokenizer):
    save_small_model("bert", tokenizer, tmp_path)
    model = load_masked_lm(tmp_path)
    assert not any(module.training for module in model.modules())
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "bert"
    assert all(parameter.grad is None for parameter in model.parameters())


def test_weights_that_are_not_numbers_are_no_matter_of_the_architecture(save):
    folder = save("bert", change=lambda weights: {name: value * torch.nan for name, value in weights.items()})
    scorer = PLLScorer.from_pretrained(folder, progress=False)
    with pytest.raises(AuxtaskError, match="likelihoods that are not finite"):
        scorer.score(["The sea."])


def test_a_probe_leaves_the_random_numbers_alone(save):
    folder = save("bert")
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    load_masked_lm(folder)
    assert torch.equal(torch.rand(1), expected)
