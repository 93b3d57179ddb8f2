"""The options of the config groups, each declared once: its name, what it may be, what it means.

Defaults stand in the yamls of `configs`. From these declarations, and those of `auxtask.cli.command_options`, come
the check of a command line (`auxtask.cli.checks`), the table below `--help` and the page `docs/options.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auxtask.cli.kinds import NULL, Choice, Chosen, Component, Fields, Kind, ListOf, Real, Text, Truth, Whole


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Args:
        name: dotted, as it is typed; `*` stands for a name that the user chooses.
        kind: what it may be.
        meaning: what it is.
        unit: of its number.
        required: it cannot be taken out; what a component cannot do without, its signature says.
        handed_on: a component gets it as an argument; else the command reads it.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    handed_on: bool = True

    @property
    def allowed(self) -> str:
        """What it may be, with its unit."""
        return f"{self.kind.words} ({self.unit})" if self.unit else self.kind.words


def optional(options: Sequence[Option]) -> list[Option]:
    """Let options be taken out."""
    return [replace(each, required=False) for each in options]


def moved(options: Sequence[Option], old: str, new: str) -> list[Option]:
    """Give options another prefix.

    >>> moved([Option("extractor.scope", Truth(), "")], "extractor", "aux.*.extractor")[0].name
    'aux.*.extractor.scope'
    """
    return [replace(each, name=new + each.name.removeprefix(old)) for each in options]


NOT_NEGATIVE, POSITIVE, SHARE = Real("[0, inf)", "1.0"), Real("(0, inf)", "1.0"), Real("(0, 1)", "0.15")
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = (
    Real("[0, inf)", "2e-5"),
    Real("[0, inf)", "0.01"),
    Real("[0, 1)", "0.1"),
)
COUNT, COUNT_OR_NONE, LENGTH = Whole("[1, inf)", "8"), Whole("[0, inf)", "0"), Whole("[3, inf)", "128")
PLAIN_NAME = Text("mine", may_be_empty=True)
SEED = Whole("[0, 4294967295]", "0")
FILE, FOLDER, MODEL_NAME = Text("my.csv"), Text("my_folder"), Text("tiny")
COMPONENT = Component()
SCHEDULE = Choice("linear", "cosine", "cyclic")
MASK_RATE = SHARE | SCHEDULE | COMPONENT
SPLITS = ListOf(Choice("train", "valid", "test"))
SCORE = Choice("macro_f1", "micro_f1", "accuracy")
PRECISION = Choice("auto", "float32", "bfloat16")
PLL_METRIC = Choice("word_l2r", "original", "whole_word", "unmasked")

PATHS = [
    Option("paths", Fields("default"), "where things are"),
    Option("paths.cache", FOLDER, "folder of token scores, graphs and what else is computed once"),
    Option("paths.data", FOLDER, "folder of the data sets"),
    Option("paths.runs", FOLDER, "folder of the runs"),
]

# Read by what draws documents anew, of whatever data set.
DRAWING = optional(
    [
        Option(
            "dataset.train_fraction",
            Real("(0, 1]", "0.1"),
            "share of the training documents of each class, drawn by the seed",
            handed_on=False,
        ),
        Option(
            "dataset.split",
            Text("cv:5") | NULL,
            "cv:K tests each of K folds of all documents; null keeps the splits",
            handed_on=False,
        ),
        Option(
            "dataset.fold", COUNT_OR_NONE | NULL, "which of the K folds tests; a sweep takes all", handed_on=False
        ),
        Option(
            "dataset.resplit",
            SEED | NULL,
            "seed of other splits of the same sizes; null keeps the splits",
            handed_on=False,
        ),
    ]
)

DATASET = [
    Option("dataset", Chosen("docstrings"), "data set"),
    Option("dataset.name", PLAIN_NAME | NULL, "name in the paths of runs; of dataset=hub, a configuration"),
    Option("dataset.data_folder", FOLDER, "where data sets are looked for and kept"),
    Option("dataset.cache_folder", FOLDER, "where the data set is kept once it is made"),
    Option("dataset.counts", Fields("null") | NULL, "published counts to check; null takes the files as they are"),
    Option("dataset.counts.*", COUNT_OR_NONE, "of a split, and of classes", "documents"),
    Option("dataset.urls", Fields("'{archive: \"https://...\"}'"), "where the files are downloaded from"),
    Option("dataset.urls.*", Text("https://..."), "of a file"),
    Option("dataset.sha256", Fields("{}") | NULL, "hashes of the downloaded files"),
    Option("dataset.sha256.*", Text("58ee..."), "of a file, in hexadecimal digits"),
    Option("dataset.convert", COMPONENT, "turns the downloaded files into documents"),
    Option(
        "dataset.train", FILE | NULL, "training file: .csv, .tsv, .jsonl, each also with .gz, .parquet or .xlsx"
    ),
    Option("dataset.valid", FILE | NULL, "validation file; null sets a share of train aside"),
    Option("dataset.test", FILE | NULL, "test file; null sets a share of train aside"),
    Option("dataset.encoding", Text("utf-8"), "encoding of CSV, TSV and JSON lines"),
    Option("dataset.text_column", Text("text"), "column of the text"),
    Option("dataset.label_column", Text("label"), "column of the label"),
    Option("dataset.group_column", Text("author") | NULL, "column whose equal values stay on one side of a split"),
    Option("dataset.valid_share", SHARE, "share of train that validates where no split does"),
    Option("dataset.test_share", SHARE, "share of train that tests where no split does"),
    Option("dataset.path", Text("ag_news") | NULL, "id on the hub, or a folder laid out like a data set of it"),
    Option("dataset.revision", Text("main") | NULL, "branch, tag or commit on the hub"),
    Option("dataset.train_split", Text("train"), "its name on the hub"),
    Option("dataset.valid_split", Text("validation") | NULL, "its name on the hub; null for none"),
    Option("dataset.test_split", Text("test") | NULL, "its name on the hub; null for none"),
]

MODEL = [
    Option("model", Fields("tiny"), "encoder and what depends on it"),
    Option("model.name", MODEL_NAME, "encoder: tiny, minilm, an id of the Hugging Face hub or a folder"),
    Option("model.max_length", LENGTH, "longest document with its special tokens; the rest is cut off", "tokens"),
    Option("model.learning_rate", LEARNING_RATE, "what trainer.learning_rate is unless it is given"),
]

WEIGHTING = [
    Option("weighting", Chosen("static"), "how tasks are weighted against each other"),
    Option("weighting.auxiliary", NOT_NEGATIVE, "weight of every auxiliary task that tasks does not name"),
    Option("weighting.tasks", Fields("'{l3masking: 0.5}'"), "weights by name of the task"),
    Option("weighting.tasks.*", NOT_NEGATIVE, "weight of this task"),
    Option("weighting.temperature", POSITIVE, "the larger, the more equal the weights"),
    Option("weighting.alpha", NOT_NEGATIVE, "strength of the pull towards equal rates of training"),
    Option("weighting.learning_rate", POSITIVE, "learning rate of the weights"),
    Option("weighting.batch_share", POSITIVE, "validation documents of a step", "training batches"),
    Option("weighting.dev_batch_share", POSITIVE, "documents that train the dev head", "training batches"),
    Option("weighting.dev_learning_rate", LEARNING_RATE, "learning rate of the dev head"),
    Option("weighting.dev_weight_decay", WEIGHT_DECAY, "weight decay of the dev head"),
    Option("weighting.dev_steps", COUNT, "of training a dev head, at most", "steps"),
    Option("weighting.dev_head", Choice("fresh", "warm", "main"), "through which head the validation loss goes"),
    Option("weighting.through_softmax", Truth(), "lets the gradient of the weights pass through their softmax"),
    Option(
        "weighting.meta_share",
        Real("[0, 1)", "0.1"),
        "of train held back for it; 0 takes the validation documents",
    ),
    Option("weighting.seed", SEED | NULL, "seed of what is drawn at random; null for the run's"),
]

LOSS = [
    Option("loss", Chosen("cross_entropy"), "loss of the main task"),
    Option("loss.power", Real("[0, 1]", "1.0"), "class weights are 1 / (training documents)^power"),
    Option("loss.gamma", NOT_NEGATIVE, "the larger, the less a document counts that is classified well"),
]

ADAPTER = [
    Option("adapter", Chosen("lora"), "adapters that are trained in place of the encoder", required=False),
    Option("adapter.r", COUNT, "rank of the adapters"),
    Option("adapter.lora_alpha", COUNT, "adapters are scaled by lora_alpha / r"),
    Option("adapter.lora_dropout", DROPOUT, "dropout before the adapters"),
    Option("adapter.target_modules", Text("all-linear") | ListOf(Text("query")) | NULL, "layers that are adapted"),
]

ADAPTATION = [
    Option("adaptation", Chosen("tapt"), "masked language modelling before fine-tuning", required=False),
    Option("adaptation.masking", Fields("rtm"), "what masks the text: a masking task, by its name"),
    Option("adaptation.texts", FILE | NULL, "file of texts or folder of them; null for the training documents"),
    Option("adaptation.text_column", Text("text"), "their column"),
    Option("adaptation.max_tokens", COUNT, "that are read at most, in however many passes", "tokens"),
    Option("adaptation.seed", SEED, "seed of the adaptation; the runs of all seeds share one encoder"),
    Option("adaptation.scorer", Choice("adapted", "base"), "whose likelihoods tasks read afterwards"),
    Option("adaptation.trainer", Fields("'{num_train_epochs: 10}'"), "fields of transformers.TrainingArguments"),
]

UNLABELLED = [
    Option("unlabelled", Chosen("files"), "further documents, which masking tasks mask", required=False),
    Option("unlabelled.path", Text("more.txt"), "file of texts or folder of them; of unlabelled=hub, an id"),
    Option("unlabelled.name", Text("en") | NULL, "which configuration of the hub's"),
    Option("unlabelled.split", Text("train"), "which split of the hub's"),
    Option("unlabelled.revision", Text("main") | NULL, "branch, tag or commit on the hub"),
    Option("unlabelled.text_column", Text("text"), "column of the text"),
    Option(
        "unlabelled.ratio",
        POSITIVE,
        "that are masked beside each labelled document",
        "documents",
        handed_on=False,
    ),
]

SCORING = [
    Option("scoring", Fields("default"), "how the vanilla model scores"),
    Option("scoring.dtype", PRECISION, "precision of the vanilla model; auto is bfloat16 where that is faster"),
    Option(
        "scoring.stride",
        Whole("[1, inf)", "16") | NULL,
        "between the masks of a row: approximate; null is exact",
        "words",
    ),
    Option("scoring.words", Choice("japanese") | COMPONENT | NULL, "finds the words of text without spaces"),
]

BASELINE = [
    Option("baseline", Chosen("tfidf_svm"), "method in place of fine-tuning", required=False),
    Option("baseline.name", PLAIN_NAME, "name of the method in the paths of its runs", handed_on=False),
    Option("baseline.checkpoint", FOLDER | NULL, "folder model of a run to start from; null for that of aux=stl"),
    Option("baseline.interpolation", Real("[0, 1]", "0.7"), "0 is the encoder alone, 1 the graph alone"),
    Option("baseline.num_epochs", COUNT, "of training", "epochs"),
    Option("baseline.decay_epoch", COUNT, "then learning rates are divided by 10", "epochs"),
    Option("baseline.batch_size", COUNT, "of a step", "documents"),
    Option("baseline.batch_splits", SPLITS, "splits whose documents are in batches, train among them"),
    Option("baseline.encoder_learning_rate", LEARNING_RATE, "learning rate of the encoder"),
    Option("baseline.graph_learning_rate", LEARNING_RATE, "learning rate of the graph network"),
    Option("baseline.metric", SCORE, "validation score that chooses the epoch"),
    Option("baseline.dtype", PRECISION, "precision of the encoder in training"),
    Option("baseline.network", COMPONENT, "graph network"),
    Option("baseline.network.hidden_size", COUNT, "width between the layers; with attention, of each head"),
    Option("baseline.network.num_heads", COUNT, "heads of attention"),
    Option(
        "baseline.network.dropout",
        DROPOUT,
        "between the layers; of features and attention, with attention",
    ),
    Option("baseline.clean", COMPONENT, "turns texts into the words of the graph"),
    Option("baseline.clean.min_count", COUNT, "rarer words are dropped", "occurrences"),
    Option("baseline.graph", COMPONENT, "turns words into the edges of the graph"),
    Option("baseline.graph.window", Whole("[2, inf)", "20"), "in which two words stand together", "words"),
    Option("baseline.graph.pair_count", Choice("positions", "windows"), "what is counted of a pair of words"),
    Option("baseline.model_name", MODEL_NAME, "encoder"),
    Option(
        "baseline.max_length",
        LENGTH,
        "longest document, special tokens included; the rest is cut off",
        "tokens",
    ),
    Option("baseline.inverse_regularization", ListOf(POSITIVE), "candidates, of which validation chooses"),
    Option("baseline.ngram_ranges", ListOf(ListOf(COUNT, 2)), "shortest and longest N-gram, candidates", "words"),
    Option("baseline.hidden_size", COUNT, "width between the layers"),
    Option("baseline.dropout", DROPOUT, "dropout between the layers"),
    Option("baseline.learning_rate", LEARNING_RATE, "learning rate of Adam"),
    Option("baseline.patience", COUNT, "that the validation loss is compared with", "evaluations"),
]
