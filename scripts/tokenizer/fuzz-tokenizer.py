#!/usr/bin/env python3
"""Compares the C++ tokenizer with Hugging Face tokenizers (pip install tokenizers) on fresh random texts.

  fuzz-tokenizer.py BUILD/bge_tokenize_parity TOKENIZER_JSON [--seed N] [--texts N] [--long N]

Exits 1 with the first differing texts.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile

import tokenizers
import tokenizer_texts


def ours(program, model, texts):
    with tempfile.TemporaryFile('w+', encoding='utf-8') as file:
        file.writelines(json.dumps(t) + '\n' for t in texts)
        file.seek(0)
        done = subprocess.run([program, '--encode', model], stdin=file, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('model')
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 30))
    parser.add_argument('--texts', type=int, default=20000)
    parser.add_argument('--long', type=int, default=60)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    texts = [tokenizer_texts.text(rng) for _ in range(args.texts)]
    texts += [tokenizer_texts.long_text(rng) for _ in range(args.long)]
    reference = tokenizers.Tokenizer.from_file(args.model)
    reference.no_truncation()
    reference.no_padding()
    different = 0
    for text, got in zip(texts, ours(args.program, args.model, texts), strict=True):
        want = reference.encode(text, add_special_tokens=False).ids
        if got != want:
            different += 1
            if different <= 5:
                print(f'{ascii(text)[:3000]}\n  want {str(want)[:1000]}\n  got  {str(got)[:1000]}')
    print(f'{args.model}: seed {args.seed}, {len(texts)} texts, {different} differences')
    sys.exit(1 if different else 0)


if __name__ == '__main__':
    main()
