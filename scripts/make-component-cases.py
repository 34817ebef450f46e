#!/usr/bin/env python3
"""Writes test/native/fixtures/tokenizer/component-cases.jsonl: what Hugging Face tokenizers makes of texts with the components that the
other fixtures have not, as in cases.jsonl, by replacements in the fixtures' files.

  pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf; make-component-cases.py
"""
import importlib
import json
import os

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


def main():
    fixtures.CORNERS = fixtures.CORNERS + CORNERS
    cases = []
    for model, edits_of in (('unigram', unigram_edits), ('wordpiece', wordpiece_edits), ('roberta', bpe_edits)):
        with open(os.path.join(fixtures.OUT, model + '.json'), encoding='utf-8') as file:
            text = file.read()
        cases += [fixtures.case(model, text, changes, 1000 + seed, 12, 6) for seed, changes in enumerate(edits_of(text))]
    with open(os.path.join(fixtures.OUT, 'component-cases.jsonl'), 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, separators=(',', ':')) + '\n' for row in cases)


if __name__ == '__main__':
    main()
