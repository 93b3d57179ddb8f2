"""The options of each command: those of its config groups, and its own, each declared once."""

from auxtask.cli.kinds import NULL, Choice, Component, Fields, ListOf, Real, Text, Truth, Whole
from auxtask.cli.options import (
    ADAPTATION,
    ADAPTER,
    BASELINE,
    COMPONENT,
    COUNT,
    COUNT_OR_NONE,
    DATASET,
    DRAWING,
    FILE,
    FOLDER,
    LEARNING_RATE,
    LENGTH,
    LOSS,
    MASK_RATE,
    MODEL,
    MODEL_NAME,
    PATHS,
    PLL_METRIC,
    POSITIVE,
    SCORING,
    SEED,
    SHARE,
    SPLITS,
    UNLABELLED,
    WEIGHTING,
    Option,
    moved,
    optional,
)
from auxtask.cli.task_options import AUX, EXTRACTOR, MEASURED
from auxtask.cli.trainer_options import ARGUMENTS, EVAL_STEPS, TRAINER

FORMAT = Choice("csv", "tsv", "jsonl", "lines", "parquet", "xlsx")

FROM_MODEL = [
    Option("init", MODEL_NAME, "model to go on from: tiny, minilm, an id of the Hugging Face hub or a folder"),
    Option("parts", Choice("all", "layers", "head", "lora"), "what of it learns; lora: the head and adapters"),
    Option("lora", Fields("'{r: 16}'"), "fields of peft.LoraConfig, read with parts=lora"),
    *moved(ADAPTER[1:], "adapter", "lora"),
    Option(
        "config_overrides",
        Fields("'{hidden_dropout_prob: 0.0}'"),
        "fields of the model's configuration that differ while it learns",
    ),
]

FROM_TEXT = [
    Option("tokenizer", Fields("'{vocabulary_size: 8192, alphabet_size: 160}'"), "the vocabulary that is learned"),
    Option(
        "tokenizer.vocabulary_size",
        Whole("[6, inf)", "8192"),
        "size of the vocabulary, special tokens included",
        "tokens",
    ),
    Option("tokenizer.alphabet_size", Whole("[1, inf)", "160"), "that are kept, the most frequent", "characters"),
    Option("architecture", Fields("'{model_type: bert}'"), "fields of the model's configuration"),
    Option("architecture.model_type", Text("bert"), "masked language model of transformers"),
    Option("architecture.hidden_size", COUNT, "width of the model"),
    Option("architecture.intermediate_size", COUNT, "width within its feed-forward layers"),
    Option("architecture.num_hidden_layers", COUNT, "layers"),
    Option("architecture.num_attention_heads", COUNT, "heads of attention"),
    Option("architecture.max_position_embeddings", LENGTH, "longest text", "tokens"),
    Option("architecture.global_attn_every_n_layers", COUNT, "from one that sees all to the next", "layers"),
    Option("architecture.global_rope_theta", POSITIVE, "base of the rotary embeddings"),
    Option("architecture.classifier_pooling", Choice("mean", "cls"), "what stands for a text"),
    Option("embeddings", COMPONENT | NULL, "makes the vectors of the tokens, which stay; null learns them"),
    Option("embeddings.window", COUNT, "how far apart two tokens still count as neighbours", "tokens"),
    Option("embeddings.smoothing", Real("(0, 1]", "0.75"), "below 1 rare neighbours weigh less"),
]

# Fields of transformers.TrainingArguments for masked language modelling alone.
PRETRAINING_ARGUMENTS = [
    *optional([each for each in ARGUMENTS if each.name != "trainer.per_device_eval_batch_size"]),
    Option("trainer.per_device_eval_batch_size", COUNT, "of a forward pass in evaluation", "rows"),
    Option(
        "trainer.eval_strategy", Choice("steps", "epoch", "no"), "when held-out text is scored", required=False
    ),
    *optional([EVAL_STEPS]),
    Option("trainer.eval_on_start", Truth(), "scores held-out text before the first step", required=False),
    Option("trainer.save_steps", POSITIVE, "between two checkpoints", "steps", required=False),
]

PRETRAINING = [
    Option("data", Fields("'{train: corpus.txt, valid: valid.txt}'"), "plain text"),
    Option("data.train", Text("corpus.txt") | ListOf(Text("corpus.txt")), "text files, a paragraph a line"),
    Option(
        "data.valid",
        Text("valid.txt") | ListOf(Text("valid.txt")) | NULL,
        "text files that are held out; null holds every twentieth paragraph of data.train out",
    ),
    Option("output", FOLDER, "folder of checkpoints and, at the end, of the model"),
    *optional(FROM_MODEL),
    *optional(FROM_TEXT),
    Option("masking", Fields("'{mask_rate: 0.3}'"), "random masks"),
    Option("masking.mask_rate", SHARE, "mask rate of the first step, going linearly to final_mask_rate"),
    Option("masking.final_mask_rate", SHARE, "mask rate of the last step"),
    Option("masking.valid_mask_rate", SHARE, "mask rate of held-out text"),
    Option(
        "masking.mask_replace_prob",
        Real("[0, 1]", "0.8"),
        "share of the masked tokens shown as the mask token; one half of the rest is replaced, the other stays",
    ),
    Option("masking.seed", SEED, "seed of the masks"),
    Option("block_length", LENGTH, "length of a block of text", "tokens"),
    Option("head_learning_rate", LEARNING_RATE | NULL, "of the vocabulary head; null: that of the rest"),
    Option("saved_dtype", Choice("float32", "bfloat16"), "of the weights on disk"),
    Option("trainer", Fields("'{max_steps: 100}'"), "fields of transformers.TrainingArguments"),
    *PRETRAINING_ARGUMENTS,
    Option("trainer.remove_unused_columns", Truth(), "drops what the model does not take", required=False),
    Option("trainer.seed", SEED, "seed of weights, dropout and the order of blocks"),
]

ADAPTATION_OF_RUN = [
    *optional(ADAPTATION),
    *moved(optional(AUX[1:]), "aux", "adaptation.masking"),
    *moved(optional(PRETRAINING_ARGUMENTS), "trainer", "adaptation.trainer"),
]

OPTIONS = {
    "train": [
        *PATHS, *DATASET, *DRAWING, *MODEL, *AUX, *WEIGHTING, *LOSS, *ADAPTER, *ADAPTATION_OF_RUN, *UNLABELLED,
        *TRAINER, *SCORING, *BASELINE,
        Option("seed", SEED, "seed of new heads, the order of documents, dropout and masks"),
        Option("mask_rate", MASK_RATE | NULL, "mask rate of all masking tasks; null leaves each its own"),
        Option("force", Truth(), "computes a finished run again"),
        Option("callbacks", Fields("{}"), "further callbacks of transformers.Trainer, by name"),
        Option("callbacks.*", COMPONENT, "callback"),
    ],
    "score": [
        *PATHS, *DATASET, *MODEL, *SCORING,
        Option("metric", PLL_METRIC, "how likelihoods are measured; unmasked is an approximation"),
        Option(
            "functional", Choice("likelihood", "entropy", "gini"), "what of each prediction is told"
        ),
        Option("splits", SPLITS, "what is scored"),
        Option("long", Choice("truncate", "window"), "cuts documents as training does, or scores every token"),
        Option("words", COUNT_OR_NONE, "that are printed, the most surprising ones", "words"),
        Option("histogram", Text("likelihoods.png") | NULL, "picture of the likelihoods: .png, .pdf or .svg"),
        Option("heatmap", COUNT_OR_NONE | NULL, "number of the training document to show, counted from 0"),
        Option("heatmap_file", Text("document.html") | NULL, "where to save it too: .html, .png, .pdf or .svg"),
        Option("palette", Choice("red_blue", "colorblind"), "colours of the heat map"),
        Option("mask_rate", SHARE, "mask rate of the heat map"),
    ],
    "ngrams": [
        *PATHS, *DATASET, *MODEL, *EXTRACTOR, *MEASURED, *SCORING[:1], *SCORING[-1:],
        Option("top", COUNT, "that are shown of each class", "N-grams"),
        Option("common_min_classes", Whole("[2, inf)", "2"), "of an N-gram that is shown as common", "classes"),
        Option("output", FOLDER, "folder of inventory and tables"),
    ],
    "stats": [
        *PATHS, *DATASET, *MODEL,
        Option("datasets", Fields("ngram_tables"), "data sets of a published table, by name", required=False),
        *moved(DATASET, "dataset", "datasets.*"),
    ],
    "report": [
        *PATHS,
        Option("archive", Text("runs.tar.xz") | NULL, "runs packed into one file, in place of paths.runs"),
        Option("output", FOLDER | NULL, "folder of the report; null for RUNS_DIR/report"),
        Option("ddof", Choice(1, 0), "of standard deviations: 1 of a sample, 0 of the population"),
        Option("resamples", Whole("[1, inf)", "10000"), "draws of documents and seeds in the paired bootstrap"),
        Option("planned", Fields("evidence"), "comparisons that were named before their runs were looked at"),
        Option("planned.*", COMPONENT, "hypothesis, by its name"),
        Option("planned.*.method", Text("bit_label"), "what is compared, as a report names it"),
        Option("planned.*.reference", Text("stl"), "what it is compared with, likewise"),
        Option("planned.*.metrics", ListOf(Choice("macro_f1", "micro_f1")), "of the comparison", required=False),
        Option("planned.*.datasets", ListOf(Text("ohsumed")), "where it was planned; none: all", required=False),
        Option("planned.*.models", ListOf(Text("minilm")), "with which it was planned; none: all", required=False),
    ],
    "pretrain": [*PATHS, *PRETRAINING],
    "predict": [
        *PATHS,
        Option("run", Text("runs/docstrings/tiny/stl/0123456789ab"), "run, or folder or hub id of a classifier"),
        Option("input", FILE, "file of texts; - for standard input"),
        Option("output", FILE | NULL, "file of predictions; null for one beside the input, - for standard output"),
        Option("format", FORMAT | NULL, "of the input; null as its ending says; lines: a text a line"),
        Option("text_column", Text("text"), "column of the text"),
        Option("prefix", Text("predicted_", may_be_empty=True), "of the names of the new columns"),
        Option("encoding", Text("utf-8"), "encoding of CSV, TSV, JSON lines and plain text"),
        Option("rows", COUNT, "that are read, predicted and written at a time", "rows"),
        Option("tokens_per_batch", COUNT, "of a forward pass, padding included", "tokens"),
        Option("runtime", Choice("torch", "onnx", "onnx_int8"), "what computes; auxtask.export writes ONNX files"),
    ],
    "export": [
        *PATHS,
        Option("run", Text("runs/docstrings/tiny/stl/0123456789ab"), "run, or folder of a classifier"),
        Option("int8", Truth(), "whether a file with weights of 8 bits is written, too"),
    ],
}  # fmt: skip


def help_table(command: str) -> str:
    """List the options of a command, a line each; those of components have their place in the documentation.

    >>> print(help_table("report"))
    Options, as NAME=VALUE:
      paths.cache  text                           folder of token scores, graphs and what else is computed once
      paths.data   text                           folder of the data sets
      paths.runs   text                           folder of the runs
      archive      text, or null                  runs packed into one file, in place of paths.runs
      output       text, or null                  folder of the report; null for RUNS_DIR/report
      ddof         1 or 0                         of standard deviations: 1 of a sample, 0 of the population
      resamples    a whole number from 1          draws of documents and seeds in the paired bootstrap
      planned.*    a _target_ with its arguments  hypothesis, by its name
    docs/options.md has all of them with their defaults.
    """
    names = [each.name for each in OPTIONS[command]]
    hidden = [each.name for each in OPTIONS[command] if isinstance(each.kind, Component)] + ["trainer.last_stage"]
    rows = [
        (each.name, each.allowed, each.meaning)
        for each in OPTIONS[command]
        if not any(each.name.startswith(f"{name}.") for name in hidden)
        and not (isinstance(each.kind, Fields) and any(name.startswith(f"{each.name}.") for name in names))
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {name:{widths[0]}}  {allowed:{widths[1]}}  {meaning}" for name, allowed, meaning in rows]
    return "\n".join(["Options, as NAME=VALUE:", *lines, "docs/options.md has all of them with their defaults."])
