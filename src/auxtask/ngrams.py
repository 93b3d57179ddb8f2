"""Extract the token N-grams of a data set and show those of each class: `python -m auxtask.ngrams dataset=r8`."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from auxtask.cli.command import run_command
from auxtask.cli.planning import model_name
from auxtask.data.encoding import encode_whole
from auxtask.data.segmenters import find_segmenter
from auxtask.ground.escaping import visible
from auxtask.ground.files import folder_name, write_json, write_text
from auxtask.model.loading import load_tokenizer
from auxtask.phrases.tables import listed_ngrams, ngrams_by_class, summarize, top_ngrams
from auxtask.tables.rendering import to_csv, to_markdown


def ngrams(config: DictConfig) -> None:
    """Count the N-grams of the training documents, write the inventory and the tables, print the table."""
    dataset = instantiate(config.dataset)
    folder = Path(config.output, folder_name("dataset.name", dataset.name), model_name(config))
    tokenizer = load_tokenizer(config.model.name)
    segmenter = find_segmenter(instantiate(config.scoring).words)
    token_ids, word_ids = encode_whole(dataset["train"]["text"], tokenizer, segmenter)
    inventory = instantiate(config.extractor).extract(
        token_ids,
        dataset["train"]["label"],
        word_ids=word_ids,
        class_names=dataset.label_names,
        tokenizer=tokenizer,
    )
    top = top_ngrams(inventory, tokenizer, k=config.top, common_min_classes=config.common_min_classes)
    table = to_markdown(ngrams_by_class(top))

    inventory.save(folder / "inventory.json")
    write_text(folder / "top_ngrams.md", table)
    write_text(folder / "top_ngrams.csv", to_csv(listed_ngrams(top)))
    write_json(folder / "top_ngrams.json", top)

    counts = summarize(inventory)
    print(table)
    print(
        f"{counts['ngrams']:,} N-grams in {counts['coverage']:.1%} of {sum(inventory.class_tokens):,} tokens; "
        f"{counts['exclusive']:,} in one class only, {counts['fewest_exclusive']:,} or more of each class; "
        f"{counts['patterns']:,} sets of classes"
    )
    print(visible(f"files: {folder}"))


if __name__ == "__main__":
    run_command("ngrams", ngrams)
