#!/usr/bin/env python3
"""Writes into test/native/fixtures/tokenizer/ small tokenizers of the kinds of the family's kin, trained here, as the real files cannot be had everywhere.

  pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf; make-kin-tokenizers.py

roberta.json      byte-level BPE in the form of RoBERTa's and jina-reranker-v1's files
modernbert.json   byte-level BPE in the form of ModernBERT's file: NFC, added tokens of spaces
deberta.json      Unigram in the form of DeBERTa-v2's files: Strip, Precompiled (unigram.json's charsmap), Replace
kin-cases.jsonl   what Hugging Face tokenizers makes of texts with them, as in cases.jsonl
"""
import importlib
import json
import os
import random

import tokenizer_texts
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
OUT = os.path.join(ROOT, 'test', 'native', 'fixtures', 'tokenizer')
UNIGRAM = os.path.join(OUT, 'unigram.json')
SIZE = 1500


def corpus():
    rng = random.Random(7)
    return [tokenizer_texts.text(rng) for _ in range(8000)]


def bpe(normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True)
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=['<s>', '<pad>', '</s>', '<unk>'],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def roberta():
    tokenizer = bpe()
    tokenizer.post_processor = processors.RobertaProcessing(('</s>', 2), ('<s>', 0))
    tokenizer.add_special_tokens([AddedToken('<mask>', lstrip=True, normalized=False)])
    return tokenizer


def modernbert():
    tokenizer = bpe(normalizers.NFC())
    tokenizer.post_processor = processors.TemplateProcessing(
        single='<s> $A </s>', pair='<s> $A </s> $B </s>', special_tokens=[('<s>', 0), ('</s>', 2)])
    tokenizer.add_tokens([AddedToken(' ' * count, normalized=True) for count in range(24, 1, -1)])
    tokenizer.add_tokens([AddedToken('|||IP_ADDRESS|||', normalized=True)])
    tokenizer.add_special_tokens([AddedToken('[MASK]', lstrip=True, normalized=False)])
    return tokenizer


def deberta():
    with open(UNIGRAM, encoding='utf-8') as file:
        charsmap = next(step for step in json.load(file)['normalizer']['normalizers'] if step['type'] == 'Precompiled')
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme='always')])
    # Every scalar of the texts gets a token, so only some scripts may be in them; the others are unknown.
    few = [''.join(c for c in text if c < '\u0250' and c.isprintable()) for text in corpus()]
    tokenizer.train_from_iterator(few, trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=['[PAD]', '[CLS]', '[SEP]', '[UNK]'], unk_token='[UNK]', show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single='[CLS]:0 $A:0 [SEP]:0', pair='[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1', special_tokens=[('[CLS]', 1), ('[SEP]', 2)])
    tokenizer.add_special_tokens([AddedToken('[MASK]', normalized=False)])
    form = json.loads(tokenizer.to_str())
    form['normalizer'] = {'type': 'Sequence', 'normalizers': [
        {'type': 'Strip', 'strip_left': True, 'strip_right': True}, charsmap,
        {'type': 'Replace', 'pattern': {'Regex': ' {2,}'}, 'content': ' '}]}
    return Tokenizer.from_str(json.dumps(form))


def edits_of(name):
    yield []
    if name == 'roberta':
        yield [['"ByteLevel","add_prefix_space":false', '"ByteLevel","add_prefix_space":true']]
        yield [['"ignore_merges":false', '"ignore_merges":true']]


def main():
    case = importlib.import_module('make-tokenizer-fixtures').case
    cases = []
    for make in (roberta, modernbert, deberta):
        name = make.__name__
        text = make().to_str()
        with open(os.path.join(OUT, name + '.json'), 'w', encoding='utf-8') as file:
            file.write(text)
        cases += [case(name, text, edits, seed, 70, 20) for seed, edits in enumerate(edits_of(name))]
    with open(os.path.join(OUT, 'kin-cases.jsonl'), 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, separators=(',', ':')) + '\n' for row in cases)


if __name__ == '__main__':
    main()
