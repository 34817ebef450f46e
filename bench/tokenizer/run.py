#!/usr/bin/env python3
"""Times our tokenizer against Hugging Face tokenizers and sentencepiece: one thread each, in turns, CPU time, best of N.

  run.py --bench BUILD/bge_tokenize_bench --model XLMR=DIR/tokenizer.json --model MINILM=DIR/tokenizer.json \
         --texts Cranfield=cranfield.jsonl.gz [--texts Multilingual=FILE] [--rounds 7] [--take KIND,KIND]

TEXTS is JSONL, gzipped or not: each line gives the texts of its "contexts", or its "q" and "p" (a parity set; --take
keeps only lines of these kinds). Same texts are taken once. sentencepiece is built from the pieces, scores and charsmap of
the tokenizer.json, where that is a Unigram file. Prints a Markdown table; "same ids" is the share of
texts whose ids are those of Hugging Face; for ours all or nothing, by a checksum over the ids of all texts.
"""
import argparse
import base64
import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

os.environ['TOKENIZERS_PARALLELISM'] = 'false'
os.environ['RAYON_NUM_THREADS'] = '1'
import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2


def read_texts(path, kinds):
    opener = gzip.open if path.endswith('.gz') else open
    texts = {}
    with opener(path, 'rt', encoding='utf-8', newline='\n') as lines:
        for line in lines:
            row = json.loads(line)
            if kinds and row.get('kind') not in kinds:
                continue
            found = [c['text'] for c in row['contexts']] if 'contexts' in row else [row['q'], row['p']]
            texts.update(dict.fromkeys(found))
    return list(texts)


def sentencepiece_processor(path):
    with open(path, encoding='utf-8') as f:
        file = json.load(f)
    if file['model']['type'] != 'Unigram':
        return None
    steps = file['normalizer'].get('normalizers', [file['normalizer']])
    charsmap = next(s['precompiled_charsmap'] for s in steps if s['type'] == 'Precompiled')
    special = {t['content'] for t in file['added_tokens']}
    model = sentencepiece_model_pb2.ModelProto()
    model.trainer_spec.model_type = model.trainer_spec.UNIGRAM
    model.trainer_spec.unk_id = file['model']['unk_id']
    model.trainer_spec.bos_id, model.trainer_spec.eos_id, model.trainer_spec.pad_id = 0, 2, 1
    model.normalizer_spec.precompiled_charsmap = base64.b64decode(charsmap)
    for i, (piece, score) in enumerate(file['model']['vocab']):
        kind = 'UNKNOWN' if i == file['model']['unk_id'] else 'CONTROL' if piece in special else 'NORMAL'
        model.pieces.add(piece=piece, score=score, type=getattr(model.SentencePiece, kind))
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


class Ours:
    """The timing program, one pass at a time."""

    def __init__(self, bench, model, texts):
        self.file = tempfile.NamedTemporaryFile('w', suffix='.jsonl', encoding='utf-8')
        self.file.writelines(json.dumps(t) + '\n' for t in texts)
        self.file.flush()
        self.process = subprocess.Popen([bench, model, self.file.name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.load_seconds = json.loads(self.process.stdout.readline())['load_seconds']

    def one_pass(self):
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer['seconds'], answer['checksum']

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(encode):
    start = time.process_time()
    encoded = encode()
    return time.process_time() - start, encoded


def checksum(ids):
    value = 0
    for text in ids:
        for i in text:
            value = (value * 31 + i) & 0xFFFFFFFF
    return value


def rows_for(bench, model, texts, rounds):
    load_seconds, reference = timed(lambda: tokenizers.Tokenizer.from_file(model))
    reference.no_truncation()
    reference.no_padding()
    ids = [reference.encode(t, add_special_tokens=False).ids for t in texts]
    tokens, size = sum(map(len, ids)), sum(len(t.encode()) for t in texts)
    runs = {
        'tokenizers encode': lambda: timed(lambda: [reference.encode(t, add_special_tokens=False) for t in texts])[0],
        'tokenizers encode_batch_fast': lambda: timed(
            lambda: reference.encode_batch_fast(texts, add_special_tokens=False))[0],
    }
    same = {name: 1.0 for name in runs}
    processor = sentencepiece_processor(model)
    if processor:
        runs['sentencepiece encode'] = lambda: timed(lambda: [processor.encode(t) for t in texts])[0]
        runs['sentencepiece encode, batch'] = lambda: timed(lambda: processor.encode(texts, num_threads=1))[0]
        agree = sum(processor.encode(t) == i for t, i in zip(texts, ids)) / len(texts)
        same['sentencepiece encode'] = same['sentencepiece encode, batch'] = agree
    ours = Ours(bench, model, texts)
    runs['bge-reranker'] = lambda: ours.one_pass()[0]
    same['bge-reranker'] = 1.0 if ours.one_pass()[1] == checksum(ids) else 0.0
    best = {name: float('inf') for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            best[name] = min(best[name], run())
    ours.close()
    slowest = best['tokenizers encode']
    return f'{load_seconds:.3f} s against {ours.load_seconds:.3f} s', [(name, size / s / 1e6, tokens / s / 1e6, slowest / s, same[name]) for name, s in best.items()]


def named(argument):
    name, _, path = argument.partition('=')
    return name, path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bench', required=True)
    parser.add_argument('--model', type=named, action='append', required=True)
    parser.add_argument('--texts', type=named, action='append', required=True)
    parser.add_argument('--take', default='')
    parser.add_argument('--rounds', type=int, default=7)
    args = parser.parse_args()
    cpu = next((l.split(': ')[1].strip() for l in open('/proc/cpuinfo') if l.startswith('model name')), '?')
    print(f'{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, tokenizers {tokenizers.__version__}, '
          f'sentencepiece {sentencepiece.__version__}; one thread each, in turns, CPU time, best of {args.rounds}\n')
    print('| model | texts | tokenizer | MB/s | M tokens/s | of `tokenizers encode` | same ids |')
    print('|---|---|---|---|---|---|---|')
    loads = {}
    for model_name, model in args.model:
        for text_name, path in args.texts:
            texts = read_texts(path, set(filter(None, args.take.split(','))) if path != args.texts[0][1] else None)
            loads[model_name], rows = rows_for(args.bench, model, texts, args.rounds)
            for name, speed, token_speed, ratio, same in rows:
                print(f'| {model_name} | {text_name} | {name} | {speed:.1f} | {token_speed:.2f} | {ratio:.1f}x '
                      f'| {100 * same:.1f} % |', flush=True)
    for model_name, seconds in loads.items():
        print(f'\nLoading {model_name}: {seconds} (tokenizers, bge-reranker)')


if __name__ == '__main__':
    sys.exit(main())
