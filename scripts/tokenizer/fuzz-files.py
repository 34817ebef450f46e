#!/usr/bin/env python3
"""Compares the C++ tokenizer with Hugging Face tokenizers (pip install tokenizers) on changed tokenizer.json files.

  fuzz-files.py BUILD/bge_tokenize_parity [--seed N] [--files N] [--texts N]

Each file is a fixture with some components, flags, scores and added tokens changed. Both must refuse it, or give the same ids; what
only the C++ tokenizer refuses by name (TOKENIZER_UNSUPPORTED) is counted apart. Exits 1 with the first differences.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import tokenizer_texts
import tokenizers

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'test', 'native', 'fixtures', 'tokenizer')
BEHAVIORS = ['Removed', 'Isolated', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext']
CONTENTS = [' ', '  ', 'a', 'the', '<x>', '<x><x>', '[X]', 'é', 'e\u0301', '中', '\n', 'FooBar', '', '▁', '.', "'", 'A']


def normalizer(rng):
    return rng.choice([
        lambda: {'type': 'NFC'}, lambda: {'type': 'Lowercase'}, lambda: {'type': 'Nmt'},
        lambda: {'type': 'Strip', 'strip_left': rng.random() < .5, 'strip_right': rng.random() < .5},
        lambda: {'type': 'Prepend', 'prepend': rng.choice(['▁', 'a ', ' '])},
        lambda: {'type': 'Replace', 'pattern': {'String': rng.choice(['a', ' ', 'the', '▁'])}, 'content': rng.choice(['', ' ', '▁', 'aa'])},
        lambda: {'type': 'Replace', 'pattern': {'Regex': rng.choice([' {2,}', r'\s{2,}|[\n\r\t]', r'\s+', r'\n', '[ae]+|o{2}', r'\.'])},
                 'content': rng.choice(['', ' ', 'x'])},
        lambda: {'type': 'BertNormalizer', 'clean_text': rng.random() < .5, 'handle_chinese_chars': rng.random() < .5,
                 'strip_accents': rng.choice([None, True, False]), 'lowercase': rng.random() < .5}])()


def splitter(rng):
    return rng.choice([
        {'type': 'Punctuation', 'behavior': rng.choice(BEHAVIORS)}, {'type': 'Digits', 'individual_digits': rng.random() < .5},
        {'type': 'WhitespaceSplit'}, {'type': 'BertPreTokenizer'},
        {'type': 'Split', 'pattern': {'String': rng.choice(' a-')}, 'behavior': rng.choice(BEHAVIORS), 'invert': False}])


def added(rng):
    flag = lambda: rng.random() < .4
    return {'id': 0, 'content': rng.choice(CONTENTS), 'single_word': flag(), 'lstrip': flag(), 'rstrip': flag(), 'normalized': flag(),
            'special': flag()}


def change(form, rng):
    if rng.random() < .6:
        steps = [normalizer(rng) for _ in range(rng.randint(0, 3))]
        kept = form['normalizer'] if rng.random() < .3 else None
        form['normalizer'] = {'type': 'Sequence', 'normalizers': steps + ([kept] if kept else [])}
    if rng.random() < .5:
        last = form['pre_tokenizer'] if form['model']['type'] != 'WordPiece' else splitter(rng)
        form['pre_tokenizer'] = {'type': 'Sequence', 'pretokenizers': [splitter(rng) for _ in range(rng.randint(0, 2))] + [last]}
    form['added_tokens'] += [added(rng) for _ in range(rng.choice([0, 0, 1, 3]))]
    if form['model']['type'] == 'Unigram' and rng.random() < .5:
        for row in rng.sample(form['model']['vocab'], 5):
            row[1] = rng.choice([0.0, -1.5, -30.25, 3.0])
        form['model']['byte_fallback'] = rng.random() < .3
    if form['model']['type'] == 'BPE':
        form['model']['ignore_merges'] = rng.random() < .3
        if rng.random() < .3:
            rng.shuffle(form['model']['merges'])
    if form['model']['type'] == 'WordPiece':
        form['model']['max_input_chars_per_word'] = rng.choice([0, 1, 5, 100])


def is_ambiguous(text):
    """Where added tokens become the same when normalized, the reference takes any of them."""
    reference = tokenizers.Tokenizer.from_str(text)
    normalized = [t.content for t in reference.get_added_tokens_decoder().values() if t.normalized]
    if reference.normalizer:
        normalized = [reference.normalizer.normalize_str(content) for content in normalized]
    return len(set(normalized)) < len(normalized)


def theirs(text, texts):
    try:
        reference = tokenizers.Tokenizer.from_str(text)
        reference.no_truncation()
        reference.no_padding()
        return [reference.encode(t, add_special_tokens=False).ids for t in texts]
    except BaseException as error:  # a panic of the wheel is of its own kind
        if isinstance(error, KeyboardInterrupt):
            raise
        return None


def ours(program, text, texts):
    with tempfile.NamedTemporaryFile('w', suffix='.json', encoding='utf-8') as file:
        file.write(text)
        file.flush()
        lines = ''.join(json.dumps(t) + '\n' for t in texts)
        done = subprocess.run([program, '--encode', file.name], input=lines, capture_output=True, text=True)
    if done.returncode == 2:
        return None, 'not supported' in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--files', type=int, default=500)
    parser.add_argument('--texts', type=int, default=20)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    forms = {}
    for name in ('unigram', 'wordpiece', 'roberta', 'modernbert', 'deberta'):
        with open(os.path.join(FIXTURES, name + '.json'), encoding='utf-8') as file:
            forms[name] = file.read()
    counts = {'same ids': 0, 'both refuse': 0, 'unsupported': 0, 'only theirs refuse': 0, 'different': 0}
    for _ in range(args.files):
        name = rng.choice(sorted(forms))
        form = json.loads(forms[name])
        change(form, rng)
        text = json.dumps(form, ensure_ascii=False)
        if is_ambiguous(text):
            continue
        texts = [tokenizer_texts.text(rng, rng.choice([1, 4, 10])) + rng.choice(CONTENTS) for _ in range(args.texts)] + CONTENTS
        want, (got, unsupported) = theirs(text, texts), ours(args.program, text, texts)
        outcome = ('both refuse' if got is None and want is None else 'unsupported' if unsupported else 'only theirs refuse' if want is None
                   else 'same ids' if got == want else 'different')
        counts[outcome] += 1
        if outcome == 'different' and counts['different'] <= 5:
            del form['model']
            row = next((row for row in zip(texts, want, got or [None] * len(want)) if row[1] != row[2]), None)
            print(name, json.dumps(form, ensure_ascii=False)[:3000], ascii(row)[:1500], sep='\n')
    print(f'seed {args.seed}, {args.files} files: {counts}')
    sys.exit(1 if counts['different'] else 0)


if __name__ == '__main__':
    main()
