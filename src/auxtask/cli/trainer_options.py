"""The options of the config group `trainer`: those of `transformers.TrainingArguments` and auxtask's own."""

from auxtask.cli.kinds import NULL, Choice, Fields, ListOf, Real, Text, Truth
from auxtask.cli.options import (
    COUNT,
    COUNT_OR_NONE,
    LEARNING_RATE,
    NOT_NEGATIVE,
    POSITIVE,
    SCHEDULE,
    SCORE,
    SEED,
    WEIGHT_DECAY,
    Option,
    moved,
    optional,
)
from auxtask.cli.signatures import Enumerated

# Fields of transformers.TrainingArguments; what others may be, the annotations there say.
ARGUMENTS = [
    Option("trainer.num_train_epochs", POSITIVE, "passes over the documents, unless max_steps is above 0"),
    Option("trainer.max_steps", COUNT | Choice(-1), "of the optimizer; -1 for what the epochs take", "steps"),
    Option("trainer.per_device_train_batch_size", COUNT, "of a forward pass in training", "rows"),
    Option("trainer.per_device_eval_batch_size", COUNT, "of a forward pass in evaluation", "rows"),
    Option("trainer.learning_rate", LEARNING_RATE, "highest rate of all that head_learning_rate does not set"),
    Option(
        "trainer.lr_scheduler_type",
        Enumerated("transformers.trainer_utils.SchedulerType"),
        "how the rate moves",
    ),
    Option("trainer.lr_scheduler_kwargs", Fields("'{num_cycles: 2}'") | NULL, "settings of lr_scheduler_type"),
    Option(
        "trainer.warmup_steps", NOT_NEGATIVE, "until the rate is at its height; below 1, a share of all", "steps"
    ),
    Option("trainer.weight_decay", WEIGHT_DECAY, "weight decay of AdamW"),
    Option("trainer.max_grad_norm", Real("[0, inf]", "1.0"), "longer gradients are shortened to it; 0 leaves all"),
    Option("trainer.gradient_accumulation_steps", COUNT, "that make a step of the optimizer", "forward passes"),
    Option("trainer.bf16", Choice("auto") | Truth(), "trains in bfloat16; auto where that is faster"),
    Option("trainer.fp16", Truth(), "trains in float16"),
    Option("trainer.use_cpu", Truth(), "leaves accelerators alone"),
    Option("trainer.torch_compile", Truth(), "compiles the encoder"),
    Option("trainer.activation_checkpointing", Truth() | NULL, "saves memory for time"),
    Option("trainer.optim", Enumerated("transformers.training_args.OptimizerNames"), "optimizer"),
    Option("trainer.adam_beta1", Real("[0, 1)", "0.9"), "share of the past in the mean of gradients"),
    Option("trainer.adam_beta2", Real("[0, 1)", "0.999"), "share of the past in the mean of their squares"),
    Option("trainer.adam_epsilon", Real("[0, inf)", "1e-8"), "added to the root of that mean"),
    Option("trainer.data_seed", SEED | NULL, "seed of the order of documents; null for the run's"),
    Option("trainer.logging_steps", POSITIVE, "between two lines of losses", "steps"),
    Option("trainer.disable_tqdm", Truth() | NULL, "shows no progress bar"),
    Option("trainer.run_name", Text("mine") | NULL, "name of the run for report_to"),
    Option("trainer.save_total_limit", COUNT | NULL, "that are kept beside the best; null for all", "checkpoints"),
    Option("trainer.dataloader_num_workers", COUNT_OR_NONE, "that build batches", "processes"),
    Option("trainer.dataloader_drop_last", Truth(), "leaves an incomplete last batch out"),
    Option(
        "trainer.report_to", Text("tensorboard") | ListOf(Text("tensorboard")) | NULL, "where training curves go"
    ),
]
EVAL_STEPS = Option(
    "trainer.eval_steps",
    POSITIVE | NULL,
    "from one evaluation to the next with eval_strategy=steps",
    "steps",
)

FIELDS_OF_A_STAGE = [
    Option(
        "trainer.patience",
        COUNT | NULL,
        "without a better score until the end; null for never",
        "evaluations",
    ),
    Option(
        "trainer.head_learning_rate",
        LEARNING_RATE | NULL,
        "of heads that start from random weights; null for the encoder's",
    ),
    Option(
        "trainer.head_weight_decay",
        WEIGHT_DECAY | NULL,
        "of heads that start from random weights; null for the encoder's",
    ),
    Option("trainer.metric", SCORE, "validation score that chooses the best checkpoint"),
    Option("trainer.independent_batches", Truth(), "draws the main task's documents apart from the masked ones"),
    Option(
        "trainer.main_mask", Real("[0, 1)", "0.1") | SCHEDULE, "share of main tokens masked without a loss on them"
    ),
    Option("trainer.main_mask_replace_prob", Real("[0, 1]", "0.8"), "share of these that become the mask token"),
    *ARGUMENTS,
    Option("trainer.eval_strategy", Choice("epoch", "steps"), "when validation documents are scored"),
    EVAL_STEPS,
]

TRAINER = [
    Option("trainer", Fields("default"), "how to train"),
    *optional(FIELDS_OF_A_STAGE[:-2]),
    *FIELDS_OF_A_STAGE[-2:],
    Option(
        "trainer.main_rows", Text("rtm") | NULL, "task whose masked rows the main task reads too", required=False
    ),
    Option(
        "trainer.main_clean",
        Real("[0, 1]", "0.5"),
        "probability that a row of main_rows stays unmasked",
        required=False,
    ),
    Option("trainer.task_every", COUNT, "from one step with auxiliary tasks to the next", "steps", required=False),
    Option(
        "trainer.gradient_documents",
        COUNT_OR_NONE,
        "on which the tasks' gradients are compared at each evaluation, for the history",
        "documents",
        required=False,
    ),
    Option(
        "trainer.last_stage",
        Fields("'{learning_rate: 5e-6}'") | NULL,
        "what differs in a last stage of the main task alone",
        required=False,
    ),
    *moved(optional(FIELDS_OF_A_STAGE), "trainer", "trainer.last_stage"),
]

# Groups that take the fields of a class beside those that are declared here.
FREE_FIELDS = {
    "trainer": "transformers.training_args.TrainingArguments",
    "trainer.last_stage": "transformers.training_args.TrainingArguments",
    "adaptation.trainer": "transformers.training_args.TrainingArguments",
    "adapter": "peft.tuners.lora.config.LoraConfig",
}

# Fields that a command sets by itself, and the option that says them.
SET_BY_COMMAND: dict[str, dict[str, str]] = {
    "train": {
        "trainer.seed": "seed",
        "trainer.output_dir": "paths.runs",
        "trainer.save_strategy": "trainer.eval_strategy",
        "trainer.save_steps": "trainer.eval_steps",
        "trainer.metric_for_best_model": "trainer.metric",
        "trainer.greater_is_better": "trainer.metric",
        "trainer.load_best_model_at_end": "",
        "trainer.remove_unused_columns": "",
        "trainer.label_names": "",
        "adaptation.trainer.seed": "adaptation.seed",
        "adaptation.trainer.output_dir": "paths.cache",
        "adaptation.trainer.max_steps": "adaptation.max_tokens",
        "adaptation.trainer.remove_unused_columns": "",
    },
    "pretrain": {"trainer.output_dir": "output"},
}
