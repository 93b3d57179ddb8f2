"""Tokenizers of every construction, learned on the spot from a few texts."""

import re

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from auxtask.pretraining.text import train_wordpiece

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]


def wordpiece(texts):
    return train_wordpiece(texts, vocabulary_size=60)


def byte_level_bpe(texts):
    """In the manner of RoBERTa."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=290, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    return trained(tokenizer, texts, trainer)


def unigram(texts, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer or normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=max(60, len({*"".join(texts)}) + 20),
        special_tokens=SPECIAL,
        unk_token="<unk>",
        show_progress=False,
    )
    return trained(tokenizer, texts, trainer)


def xlm_roberta(texts):
    """Unigram that makes one space of all white space, and splits there."""
    one_space = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    return unigram(texts, one_space)


def xlm_roberta_by_white_space(texts):
    """The other way in which XLM-R is stored."""
    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    return unigram(texts, pre_tokenizer=split)


def unsplit_unigram(texts):
    """In the manner of T5's original model: it sees the text whole."""
    return unigram(texts, pre_tokenizer=pre_tokenizers.Metaspace(split=False))


def byte_fallback_bpe(texts):
    """In the manner of Gemma and mmBERT: the text whole, white space and line breaks as tokens."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    spaces = ["▁▁", "▁▁▁", "\n", "\n\n", "\t"]
    special = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=len(special) + 60, special_tokens=special, show_progress=False)
    # Learned from words: no token has white space inside. Runs of it are tokens, as in the models' own files.
    words = [f" {word}" for text in texts for word in re.split(r"\s+", text)]
    tokenizer = trained(tokenizer, words, trainer)
    tokenizer.add_tokens(spaces)
    return tokenizer


def characters(texts):
    letters = sorted({letter for text in texts for letter in text})
    vocabulary = {token: at for at, token in enumerate([*SPECIAL, *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return trained(tokenizer, texts, None)


def trained(tokenizer, texts, trainer):
    if trainer is not None:
        tokenizer.train_from_iterator(texts, trainer)
    frame = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=frame)
    names = ("pad_token", "unk_token", "bos_token", "eos_token", "mask_token")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **dict(zip(names, SPECIAL, strict=True)))


FAMILIES = [
    wordpiece, byte_level_bpe, unigram, xlm_roberta, xlm_roberta_by_white_space, unsplit_unigram,
    byte_fallback_bpe, characters,
]  # fmt: skip
