"""The options of auxiliary tasks and of the N-grams that some of them are about."""

from auxtask.cli.kinds import NULL, Choice, Chosen, Fields, Real, Truth, Whole
from auxtask.cli.options import (
    COMPONENT,
    COUNT,
    FILE,
    MASK_RATE,
    NOT_NEGATIVE,
    PLL_METRIC,
    POSITIVE,
    SHARE,
    Option,
    moved,
)

EXTRACTOR = [
    Option("extractor", Chosen("default"), "finds token N-grams"),
    Option(
        "extractor.num_merges",
        Whole("[1, inf)", "300") | NULL,
        "null: 300 in each class, 1000 with scope=corpus",
        "merges",
    ),
    Option("extractor.min_frequency", COUNT, "of an N-gram at least; merging stops below", "occurrences"),
    Option("extractor.max_length", Whole("[2, inf)", "10"), "longest N-gram (words with cross_word)", "tokens"),
    Option("extractor.scope", Choice("per_class", "corpus"), "whose documents merges are learned in"),
    Option("extractor.word_scope", Choice("any", "within_word", "cross_word"), "what an N-gram may join"),
    Option("extractor.cross_punctuation", Truth(), "an N-gram may hold tokens without a letter or digit"),
]

# N-grams that are measured by those of another extractor.
MEASURED = [
    *moved(EXTRACTOR, "extractor", "extractor.reference"),
    Option("extractor.max_z", POSITIVE, "log-odds of a class-agnostic N-gram in any class, at most", "z-score"),
    Option("extractor.max_factor", Real("[1, inf)", "1.5"), "between the frequencies of two partners"),
    Option("extractor.equal", Choice("size", "coverage"), "what is as large as with the reference in each class"),
    Option("extractor.score", Choice("squared", "plain"), "whether p(N-gram) is squared in the PMI"),
]

NGRAM_UNITS = [
    Option("units.span_source", Choice("own_class", "union"), "whose N-grams a labelled document has"),
    Option("units.words", Choice("join", "ignore"), "tokens of a word are one unit, or N-grams alone are"),
    *moved(EXTRACTOR, "extractor", "units.extractor"),
]

AUX = [
    Option("aux", Fields("l3masking"), "auxiliary tasks by name; aux=stl is none"),
    Option("aux.*", COMPONENT, "auxiliary task"),
    Option("aux.*.decoder", Choice("tied", "detached", "separate"), "output embeddings that the loss trains"),
    Option("aux.*.annotate", COMPONENT | NULL, "adds the column that the masking strategy reads"),
    Option("aux.*.annotate.metric", PLL_METRIC, "how the vanilla model's likelihoods are measured"),
    Option("aux.*.annotate.of", Choice("own", "any"), "class that words are to speak for; any, whichever they do"),
    Option("aux.*.annotate.least", NOT_NEGATIVE, "smaller z-scores of the log-odds count as 0"),
    Option("aux.*.annotate.kappa", POSITIVE, "strength of the prior of the log-odds"),
    Option("aux.*.annotate.top_k", COUNT, "keywords of a document", "words"),
    Option("aux.*.annotate.min_documents", COUNT, "of which a word on the list is a keyword", "documents"),
    Option("aux.*.annotate.general", FILE | NULL, "general text; null for a table of English that is shipped"),
    Option("aux.*.annotate.anchors", COUNT, "that set the data set apart from general text", "words"),
    Option("aux.*.annotate.shape", Choice("rank", "cosine"), "of similarity to them that masking goes by"),
    Option("aux.*.annotate.functional", Choice("entropy", "gini"), "how the predicted distribution is summed up"),
    Option("aux.*.annotate.delta", Real("[0, 1]", "0.01"), "a token that brings the class so near is important"),
    Option(
        "aux.*.annotate.score",
        Choice("important", "gain", "squared", "plain"),
        "important or gain: what of a token's effect it is; squared or plain: the PMI that ranks N-grams",
    ),
    Option("aux.*.annotate.folds", COUNT, "in which classifiers score what they have not seen; 1 for one of all"),
    Option("aux.*.annotate.units", COMPONENT, "makes the units that stand in place of words"),
    *moved(NGRAM_UNITS, "units", "aux.*.annotate"),
    *moved(NGRAM_UNITS, "units", "aux.*.annotate.units"),
    Option("aux.*.annotate.coverage", SHARE, "share of the tokens in N-grams: how many N-grams there are"),
    Option("aux.*.annotate.min_count", COUNT, "rarer N-grams are left out", "occurrences"),
    Option("aux.*.metric", PLL_METRIC, "likewise, of those that are computed anew"),
    Option("aux.*.refresh_every", COUNT, "likelihoods are computed anew with the model in training", "epochs"),
    Option("aux.*.masking", COMPONENT, "masking strategy"),
    Option("aux.*.masking.mask_rate", MASK_RATE, "mean probability with which a token is selected"),
    Option("aux.*.masking.gamma", NOT_NEGATIVE, "exponent of the scores of words"),
    Option("aux.*.masking.power", NOT_NEGATIVE, "exponent of the inverted frequency"),
    Option(
        "aux.*.masking.stop_probability",
        Real("(0, 1]", "0.2"),
        "that a span ends after each of its words",
    ),
    Option("aux.*.masking.longest", COUNT, "longest span", "words"),
    Option("aux.*.masking.pool", Choice("geometric", "arithmetic"), "mean of a unit's likelihoods"),
    Option("aux.*.masking.corrupt", Choice("token", "unit"), "what the 80/10/10 is drawn for"),
    Option("aux.*.masking.priority", COMPONENT, "from likelihoods to scores, by which tokens are masked"),
    Option("aux.*.masking.redraw", Choice("never", "epoch"), "when probabilities are dealt out anew"),
    Option("aux.*.masking.within", Choice("document", "pieces"), "among which tokens they are dealt out"),
    Option("aux.*.masking.adjust", COMPONENT, "from scores to mask probabilities"),
    Option("aux.*.labeler", COMPONENT, "labels the N-grams"),
    Option("aux.*.relabel", COMPONENT | NULL, "puts other labels in the place of those of the training documents"),
    Option("aux.*.relabel.shuffle", Choice("types", "documents"), "over all spans, or documents among each other"),
    *moved([*EXTRACTOR, *MEASURED], "extractor", "aux.*.extractor"),
]
