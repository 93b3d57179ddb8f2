"""Which methods are compared with which, and what was planned of it."""

import pytest

from auxtask.errors import AuxtaskError
from auxtask.evaluation.comparisons import Resampled, compare, corrected
from auxtask.evaluation.contrasts import PlannedContrast, contrasts
from auxtask.evaluation.rankings import planned_table
from folders import blocks_of, make_run, planned_in, task

PLANNED = planned_in("default")


def compared_in(folder):
    [block] = blocks_of(folder)
    return {
        (each.group.label, each.reference.label): bool(each.hypothesis("macro_f1"))
        for each in contrasts(block, PLANNED)
    }


def test_planned_contrasts_are_told_from_those_that_explore(tmp_path):
    tokens, units = ("l3masking", "l3masking_permuted"), ("ngram_units", "ngram_units_uniform")
    for method in ("stl", "rtm", *tokens, *units, "disregard"):
        make_run(tmp_path, method=method)
    make_run(tmp_path, method="stl", trainer__main_mask=0.15, trainer__main_mask_replace_prob=0.8)
    make_run(tmp_path, method="rtm", trainer__main_rows="rtm")
    found = compared_in(tmp_path)
    masked = "stl, trainer.main_mask=0.15, trainer.main_mask_replace_prob=0.8"
    one_pass = "rtm, trainer.main_rows=rtm"
    masking = (*tokens, *units, one_pass)
    against_stl = {(method, "stl") for method in (*masking, "rtm", "disregard", masked)}
    assert found.keys() - against_stl == {
        *((method, "rtm") for method in masking),
        tokens,
        units,
        (one_pass, masked),
    }
    assert {pair for pair, planned in found.items() if planned} == {
        ("l3masking", "rtm"),
        tokens,
        units,
        (one_pass, masked),
    }


def test_labels_are_compared_with_controls_over_the_same_n_grams(tmp_path):
    merges = {"_target_": "auxtask.phrases.extraction.NgramExtractor", "num_merges": None}
    log_odds = {"_target_": "auxtask.phrases.log_odds.LogOddsExtractor", "reference": merges, "max_length": 5}
    agnostic = {"_target_": "auxtask.phrases.class_agnostic.ClassAgnosticExtractor", "reference": merges}
    labelled = {"_target_": "auxtask.tasks.recognition.RecognitionTask"}
    for extractor in (merges, log_odds):
        for method in ("bit_label", "random_spans"):
            make_run(tmp_path, method=method, aux={method: {**labelled, "extractor": extractor}})
    control = {**labelled, "extractor": {**agnostic, "num_merges": 5000}}
    make_run(tmp_path, method="common_ngrams", aux={"common_ngrams": control})
    found = {
        (*(label.split(",")[0] for label in pair), *("LogOdds" in label or "log_odds" in label for label in pair))
        for pair in compared_in(tmp_path)
    }
    assert found == {
        ("bit_label", "random_spans", False, False),
        ("bit_label", "random_spans", True, True),
        ("bit_label", "common_ngrams", False, False),
    }
    assert not any(compared_in(tmp_path).values())


def test_methods_are_compared_where_they_differ_as_methods_alone(tmp_path):
    meta = {"_target_": "auxtask.training.weighting.meta.MetaWeighting", "dev_head": "warm"}
    for method in ("rtm", "l3masking"):
        make_run(tmp_path, method=method)
        make_run(tmp_path, method=method, weighting=meta)
    make_run(tmp_path, method="rtm", weighting={**meta, "dev_head": "main"})
    make_run(tmp_path, method="rtm", aux={"rtm": {**task("rtm"), "decoder": "detached"}})
    faster = task("l3masking")
    faster["masking"]["mask_rate"] = 0.3
    make_run(tmp_path, method="l3masking", aux={"l3masking": faster})
    names = [(one.count("meta"), other.count("meta"), "detached" in other) for one, other in compared_in(tmp_path)]
    assert sorted(names) == [(0, 0, False), (1, 1, False)]
    make_run(tmp_path, method="stl", trainer__main_mask=0.1, trainer__main_mask_replace_prob=0.8)
    # The same rate, but of mask tokens alone.
    make_run(tmp_path, method="stl", trainer__main_mask=0.15)
    make_run(tmp_path, method="rtm", trainer__main_rows="rtm")
    assert not [other for _, other in compared_in(tmp_path) if "main_mask" in other]


def test_a_contrast_is_planned_where_its_hypothesis_says_so(tmp_path):
    for dataset in ("toy", "other"):
        for method in ("stl", "rtm", "bit_label"):
            make_run(tmp_path, dataset=dataset, method=method, seed=0)
    mine = {"mine": PlannedContrast("bit_label", "stl", metrics=["macro_f1"], datasets=["toy"])}
    blocks = blocks_of(tmp_path)
    found = [each for name in ("toy", "other") for each in compare(name, blocks, Resampled(20), mine)]
    planned = [each for each in found if each.hypothesis]
    assert [(each.dataset, each.metric, each.method) for each in planned] == [("toy", "macro_f1", "bit_label")]
    # The only one of its family is as it is, whatever explores beside it.
    [alone] = [each for each in corrected(found) if each.p_holm is not None]
    assert alone.p_holm == alone.difference.p
    assert planned_table([each for each in found if not each.hypothesis]) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reference": "rtm", "metrics": ["f1"]}, "micro_f1, macro_f1, not by 'f1'"),
        ({"reference": "l3masking"}, "'l3masking' with itself; name another reference"),
    ],
)
def test_what_cannot_be_planned_is_refused(fields, said):
    with pytest.raises(AuxtaskError, match=said):
        PlannedContrast("l3masking", **fields)


def test_the_evidence_names_nine_hypotheses_on_one_data_set_by_one_metric(tmp_path):
    planned = planned_in("evidence")
    places = {(name, *each.datasets, *each.models, *each.metrics) for name, each in planned.items()}
    assert {place[1:] for place in places} == {("ohsumed", "minilm", "macro_f1")}
    assert len(places) == 9
    adaptation = {"max_tokens": 9}
    for method in (
        "stl",
        "rtm",
        "l3masking",
        "l3masking_permuted",
        "all_phrase",
        "disregard",
        "common_label",
        "bit_label",
    ):
        make_run(tmp_path, dataset="ohsumed", model="minilm", method=method)
    make_run(tmp_path, dataset="ohsumed", model="minilm", adaptation=adaptation)
    compared = compare("ohsumed", blocks_of(tmp_path), Resampled(20), planned)
    assert sorted(each.hypothesis for each in compared if each.hypothesis) == sorted(planned)


def test_what_is_done_beside_a_method_is_part_of_it(tmp_path):
    focal = {"_target_": "auxtask.training.losses.focal.FocalLoss", "gamma": 2.0}
    make_run(tmp_path)
    make_run(tmp_path, loss={"_target_": "auxtask.training.losses.cross_entropy.CrossEntropy"})
    make_run(tmp_path, loss=focal)
    make_run(tmp_path, adaptation={"max_tokens": 9})
    make_run(tmp_path, method="rtm")
    make_run(tmp_path, method="l3masking", adaptation={"max_tokens": 9})
    [block] = blocks_of(tmp_path)
    assert [group.strategy for group in block.groups] == [
        "stl",
        "stl",
        "rtm",
        "l3masking, tapt",
        "stl, focal",
        "stl, tapt",
    ]
    # Whoever reads the domain first has more than its masks ahead of random ones.
    pairs = {(each.group.strategy, each.reference.strategy) for each in contrasts(block, {})}
    assert pairs == {(method, "stl") for method in ("rtm", "l3masking, tapt", "stl, focal", "stl, tapt")}
