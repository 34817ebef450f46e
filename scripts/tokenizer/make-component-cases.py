#!/usr/bin/env python3
"""Writes into test/native/fixtures/tokenizer/ what Hugging Face tokenizers makes of texts

component-cases.jsonl      with components that the other fixtures have not, as in cases.jsonl, by replacements in the fixtures' files
special-text-cases.jsonl   with special tokens as text: {"model", "texts": [[text, ids]...]}

  pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf; make-component-cases.py
"""
import importlib
import json
import os
import random

import tokenizer_texts
import tokenizers

fixtures = importlib.import_module('make-tokenizer-fixtures')
BEHAVIORS = ['Removed', 'Isolated', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext']
LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# Texts on which one single mistake shows.
CORNERS = ["'", "x'", "'S'T'RE'VE'M'LL'D", "'\u017f'\u017fx", "'r", "'v e", "don't  DON'T", ' \n \n  x', '\r\n\r\n', 'a\n', '!!\n\nb', ' !x', '!x!', '\tx', '\u00a0x', '\u2028x',
           '1234567', '1', 'a1b22c333d4444', '½²x', 'x  y', 'x \t y', 'x\u3000\u3000y', 'a.b,,c', '..', ',a', 'a,', 'a, b', ' ,', '\u2581a \u2581', 'A\u030aB', 'ΣΑΣ', 'İI',
           '\x01\x0b\x7f', 'a\u200bb', '_a_b', 'a-b_c', ' a ', '  ', 'a  ', '\u0085a\u0085']


def member(text, name):
    """The section with its name as the file writes it."""
    value = json.loads(text)[name]
    for comma, colon in ((', ', ': '), (',', ':')):
        written = f'"{name}"{colon}' + json.dumps(value, ensure_ascii=False, separators=(comma, colon))
        if text.count(written) == 1:
            return written
    raise ValueError(name)


def sequence(kind, *steps):
    return {'type': 'Sequence', kind: list(steps)}


def edits(text, **sections):
    return [[member(text, name), f'"{name}": ' + json.dumps(value, ensure_ascii=False)] for name, value in sections.items()]


def replace(content, **pattern):
    return {'type': 'Replace', 'pattern': pattern, 'content': content}


def unigram_edits(text):
    metaspace = {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'always', 'split': True}
    deberta = [replace(' ', Regex=r'\s{2,}|[\n\r\t]'), {'type': 'NFC'}, {'type': 'Strip', 'strip_left': False, 'strip_right': True}]
    yield edits(text, normalizer=sequence('normalizers', *deberta), pre_tokenizer=sequence('pretokenizers', metaspace))
    for behavior in BEHAVIORS:
        yield edits(text, normalizer=sequence('normalizers', {'type': 'Lowercase'}, *deberta),
                    pre_tokenizer=sequence('pretokenizers', {'type': 'Punctuation', 'behavior': behavior}, metaspace))
    yield edits(text, normalizer=sequence('normalizers', {'type': 'Prepend', 'prepend': '▁'}, replace('▁', String=' ')), pre_tokenizer=None)
    yield edits(text, normalizer={'type': 'Nmt'}, pre_tokenizer=None)
    yield edits(text, normalizer=sequence('normalizers', replace('xy', Regex=r'[ao]+|e{2}'), replace('', Regex=r'\.'), {'type': 'Nmt'}))


def wordpiece_edits(text):
    punctuation = lambda behavior: {'type': 'Punctuation', 'behavior': behavior}
    yield edits(text, pre_tokenizer={'type': 'Whitespace'})
    yield edits(text, pre_tokenizer={'type': 'WhitespaceSplit'}, post_processor={'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': True, 'use_regex': True})
    for behavior in BEHAVIORS:
        yield edits(text, pre_tokenizer=sequence('pretokenizers', {'type': 'WhitespaceSplit'}, punctuation(behavior)))
    yield edits(text, pre_tokenizer=sequence('pretokenizers', {'type': 'BertPreTokenizer'}, {'type': 'Digits', 'individual_digits': False}), post_processor=None)
    yield edits(text, pre_tokenizer=sequence('pretokenizers', {'type': 'CharDelimiterSplit', 'delimiter': ' '}, {'type': 'Digits', 'individual_digits': True}))
    yield edits(text, pre_tokenizer={'type': 'Split', 'pattern': {'Regex': r'\s+'}, 'behavior': 'Removed', 'invert': False})
    for behavior in BEHAVIORS:
        yield edits(text, pre_tokenizer={'type': 'Split', 'pattern': {'String': '-'}, 'behavior': behavior, 'invert': False})


def bpe_edits(text):
    byte_level = {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': False, 'use_regex': False}
    split = lambda regex: {'type': 'Split', 'pattern': {'Regex': regex}, 'behavior': 'Isolated', 'invert': False}
    template = json.loads(text)['post_processor']
    yield edits(text, normalizer={'type': 'NFC'}, pre_tokenizer=sequence('pretokenizers', split(LETTERS + REST), byte_level), post_processor=byte_level)
    yield edits(text, pre_tokenizer=sequence('pretokenizers', split(LETTERS + '{1,3}' + REST), byte_level),
                post_processor=sequence('processors', byte_level, template))
    yield edits(text, pre_tokenizer=sequence('pretokenizers', {'type': 'Digits', 'individual_digits': True}, {**byte_level, 'use_regex': True}))
    yield edits(text, pre_tokenizer=byte_level)


def special_text_rows(text):
    """Special tokens as text. Their names are pieces of Unigram's vocabulary too: the reference must not find them there either, so it
    is given other names for them."""
    form = json.loads(text)
    specials = [token['content'] for token in form['added_tokens'] if token['special']]
    reference = tokenizers.Tokenizer.from_str(text)
    if form['model']['type'] == 'Unigram':
        hidden = json.loads(text)
        hidden['added_tokens'] = []
        for row in hidden['model']['vocab']:
            row[0] = '\U0010fffd' + row[0] if row[0] in specials else row[0]
        reference = tokenizers.Tokenizer.from_str(json.dumps(hidden))
    reference.encode_special_tokens = True
    reference.no_truncation()
    reference.no_padding()
    rng = random.Random(5)
    texts = [pattern.replace('@', name) for name in specials for pattern in ('@', 'a@b', 'a @ b', '@@', ' @', 'x@\n', '@' * 9)]
    texts += ['\uff1c/s\uff1e', '[sep]'] + [tokenizer_texts.text(rng, 4) + rng.choice(specials) + tokenizer_texts.text(rng, 2) for _ in range(40)]
    return [[t, reference.encode(t, add_special_tokens=False).ids] for t in texts]


def main():
    fixtures.CORNERS = fixtures.CORNERS + CORNERS
    cases, special = [], []
    for model, edits_of in (('unigram', unigram_edits), ('wordpiece', wordpiece_edits), ('roberta', bpe_edits)):
        with open(os.path.join(fixtures.OUT, model + '.json'), encoding='utf-8') as file:
            text = file.read()
        cases += [fixtures.case(model, text, changes, 1000 + seed, 12, 6) for seed, changes in enumerate(edits_of(text))]
        special.append({'model': model, 'texts': special_text_rows(text)})
    with open(os.path.join(fixtures.OUT, 'component-cases.jsonl'), 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, separators=(',', ':')) + '\n' for row in cases)
    with open(os.path.join(fixtures.OUT, 'special-text-cases.jsonl'), 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, separators=(',', ':')) + '\n' for row in special)


if __name__ == '__main__':
    main()
