"""Extract the token N-grams of a data set and show those of each class: `python -m auxtask.ngrams dataset=r8`."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from auxtask.cli import run_command
from auxtask.data.encoding import encode
from auxtask.files import write_json, write_text
from auxtask.model.loading import load_tokenizer
from auxtask.phrases.tables import summarize, to_csv, to_markdown, top_ngrams
from auxtask.phrases.vocabulary import punctuation_ids


def ngrams(config: DictConfig) -> None:
    """Count the N-grams of the training documents, write the inventory and the tables, print the table."""
    dataset = instantiate(config.dataset)
    tokenizer = load_tokenizer(config.model.name)
    encoded = encode(dataset["train"], tokenizer, max_length=None)
    rows = list(zip(encoded["input_ids"], encoded["word_ids"], strict=True))
    extractor = instantiate(config.extractor)(
        break_ids=frozenset() if config.cross_punctuation else punctuation_ids(tokenizer)
    )
    inventory = extractor.extract(
        [[token for token, word in zip(*row, strict=True) if word >= 0] for row in rows],
        list(encoded["label"]),
        word_ids=[[word for word in words if word >= 0] for _, words in rows],
        class_names=dataset.label_names,
        tokenizer=tokenizer,
    )
    top = top_ngrams(inventory, tokenizer, k=config.top, common_min_classes=config.common_min_classes)
    table = to_markdown(top)

    folder = Path(config.output) / dataset.name / Path(config.model.name).name
    inventory.save(folder / "inventory.json")
    write_text(folder / "top_ngrams.md", table + "\n")
    write_text(folder / "top_ngrams.csv", to_csv(top))
    write_json(folder / "top_ngrams.json", top)

    counts = summarize(inventory)
    print(table)
    print(
        f"{counts['ngrams']:,} N-grams in {counts['coverage']:.1%} of {sum(inventory.class_tokens):,} tokens; "
        f"{counts['exclusive']:,} in one class only, {counts['fewest_exclusive']:,} or more of each class; "
        f"{counts['patterns']:,} sets of classes"
    )
    print(f"files: {folder}")


if __name__ == "__main__":
    run_command("ngrams", ngrams)
