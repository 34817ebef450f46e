#!/usr/bin/env python3
"""Writes test/native/fixtures/tokenizer/: two small tokenizer.json and what Hugging Face tokenizers makes of texts with them.

  pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf; make-tokenizer-fixtures.py

unigram.json     pieces and charsmap of a SentencePiece model trained here, in the form of bge-reranker's file
wordpiece.json   a hand-made vocabulary, in the form of ms-marco-MiniLM's file
cases.jsonl      {"model", "edits": [[from, to]...], "texts": [[text, ids]...], "pairs": [[q, p, max_length, strategy, ids, types]...]}
                 where edits are replacements in the text of the tokenizer.json, and null ids mean that the reference refuses
numbers.json     [[a JSON number, the float64 that the reference reads from it as a C99 hex float]...]
"""
import base64
import json
import os
import random
import tempfile

import sentencepiece
import tokenizers
import tokenizer_texts
from sentencepiece import sentencepiece_model_pb2

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'test', 'native', 'fixtures', 'tokenizer')
RULES = {'A\u0302': 'Â', 'e\u0301': 'é', 'E\u0301': 'É', 'ﬁ': 'fi', 'ﷺ': 'صلى الله', '™': 'TM', '①': '1', '\u3000': ' ', '\u200b': ' ', '\u200d': ' ',
         '\u00a0': ' ', '\u2581': ' ', '\ufeff': ' ', '\ufffd': ' ', '\t': ' ', '\n': ' ', '\r': ' ', '¨': ' \u0308', '\u0958': '\u0915\u093c', '\x01': '', '\x0b': ''}
# Texts on which one single mistake shows.
CORNERS = ['', ' ', 'a ', ' a', 'a  b', 'A\u0302\u0301', 'Tie\u0302\u0301ng', 'ﬁ\u0301', 'ﬁ\u0301\u0301', 'e\u0301\u0301', 'e\u0301\u0301\u0301', '\u00c2\u0301',
           '\u0600e\u0301', '😀\u200d™\u0301', '™\u0301', 'क\u094d\u0958\u0301', '\u0958\u0301', '👨\u200d👩', '\r\n', 'a </s> b', 'a <mask> b', '＜mask＞', '＜s＞', 'a＜/s＞b',
           'a\u0085<mask>', '\u0378a\u0379', '\u0378\u0379', '\u0378 \u0379', 'abccc', 'mmnnn', '0' * 10, '0' * 26, '2' * 16, 'a\x0bb', 'a\u2028b', 'a\x85b', 'a\u180eb',
           'a\U0002b820b', 'a\U0002b740b', 'a\U00030000b', 'が', '각', 'हिन्दी', 'a\u08d4', 'a\u1734', '\u037e', '\u1fef', '\u212a', 'ΟΔΟΣ', 'İ', 'ß', 'a\u061db', 'a\u166db', 'a°b',
           "don't", '##ing', 'e' * 100, 'e' * 101, 'e\u0301' * 100, 'e\u0301' * 101, 'é' * 100, 'é' * 101, 'd' * 5, 'd' * 6, 'a[SEP]b', '[sep]', 'a\u0345\u0323\u0301\u05b0b']
RULES.update({chr(0xFF01 + i): chr(0x21 + i) for i in range(94)})


def section(**members):
    return json.dumps(members, ensure_ascii=False)


def added(id, content, **flags):
    return {'id': id, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False,
            'special': False, **flags}


def unigram_file():
    with tempfile.TemporaryDirectory() as folder:
        rules, corpus = os.path.join(folder, 'rules.tsv'), os.path.join(folder, 'corpus.txt')
        code_points = lambda s: ' '.join('%X' % ord(c) for c in s)
        with open(rules, 'w') as f:
            f.writelines('%s\t%s\n' % (code_points(k), code_points(v)) for k, v in RULES.items())
        rng = random.Random(1)
        with open(corpus, 'w', encoding='utf-8') as f:
            for _ in range(3000):
                words = [rng.choice(tokenizer_texts.WORDS) for _ in range(12)]
                f.write(' '.join(w[:rng.randint(1, len(w))] + w[rng.randint(0, len(w)):] for w in words) + '\n')
        sentencepiece.SentencePieceTrainer.train(
            input=corpus, model_prefix=os.path.join(folder, 'm'), vocab_size=420, normalization_rule_tsv=rules,
            character_coverage=1.0, hard_vocab_limit=False, num_threads=1, minloglevel=2)
        model = sentencepiece_model_pb2.ModelProto()
        with open(os.path.join(folder, 'm.model'), 'rb') as f:
            model.ParseFromString(f.read())
    special = ['<s>', '<pad>', '</s>', '<unk>']
    pieces = [[s, 0.0] for s in special] + [[p.piece, p.score] for p in model.pieces if p.type == p.NORMAL] + [['<mask>', 0.0]]
    mask = len(pieces) - 1
    template = lambda *names: [{'Sequence': {'id': n, 'type_id': 0}} if n in 'AB' else {'SpecialToken': {'id': n, 'type_id': 0}} for n in names]
    charsmap = base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()
    return {
        'version': '1.0', 'truncation': None, 'padding': None,
        'added_tokens': [added(i, s, special=True) for i, s in enumerate(special)] +
                        [added(mask, '<mask>', lstrip=True, normalized=True, special=True)],
        'normalizer': {'type': 'Sequence', 'normalizers': [
            {'type': 'Precompiled', 'precompiled_charsmap': charsmap},
            {'type': 'Replace', 'pattern': {'Regex': ' {2,}'}, 'content': ' '}]},
        'pre_tokenizer': {'type': 'Metaspace', 'replacement': '▁', 'add_prefix_space': True},
        'post_processor': {
            'type': 'TemplateProcessing', 'single': template('<s>', 'A', '</s>'),
            'pair': template('<s>', 'A', '</s>', '</s>', 'B', '</s>'),
            'special_tokens': {s: {'id': s, 'ids': [i], 'tokens': [s]} for s, i in (('</s>', 2), ('<s>', 0))}},
        'decoder': None,
        'model': {'type': 'Unigram', 'unk_id': 3, 'vocab': pieces, 'byte_fallback': False}}


def wordpiece_file():
    letters = 'abcdefghijklmnopqrstuvwxyzüïéßабвгдежзиклмнопрстוחילםשאבحمر'
    words = ['the', 'quick', 'brown', 'fox', 'jump', 'over', 'lazy', 'dog', 'un', '##believ', '##able', '##s', '##ing', '##ed',
             'query', 'passage', 'naive', 'пример', '##ка', '中', '文', '日', '本', '語', 'か', '##か', 'が', 'ᄀ', '##ᅡ', '##ᆨ', 'ह', '##ि', '##न']
    vocab = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] + list('!"#$%&\'()*+,-./0123456789:;<=>?@[\\]^_`{|}~¡§—。！')
    vocab += list(letters) + ['##' + c for c in letters + '0123456789'] + words
    special = vocab[:5]
    item = lambda name, type_id: {'Sequence' if name in 'AB' else 'SpecialToken': {'id': name, 'type_id': type_id}}
    return {
        'version': '1.0', 'truncation': {'direction': 'Right', 'max_length': 512, 'strategy': 'LongestFirst', 'stride': 0},
        'padding': {'strategy': {'Fixed': 512}, 'direction': 'Right', 'pad_to_multiple_of': None, 'pad_id': 0, 'pad_type_id': 0,
                    'pad_token': '[PAD]'},
        'added_tokens': [added(i, s, special=True) for i, s in enumerate(special)],
        'normalizer': {'type': 'BertNormalizer', 'clean_text': True, 'handle_chinese_chars': True, 'strip_accents': None,
                       'lowercase': True},
        'pre_tokenizer': {'type': 'BertPreTokenizer'},
        'post_processor': {
            'type': 'TemplateProcessing', 'single': [item('[CLS]', 0), item('A', 0), item('[SEP]', 0)],
            'pair': [item('[CLS]', 0), item('A', 0), item('[SEP]', 0), item('B', 1), item('[SEP]', 1)],
            'special_tokens': {s: {'id': s, 'ids': [special.index(s)], 'tokens': [s]} for s in ('[CLS]', '[SEP]')}},
        'decoder': None,
        'model': {'type': 'WordPiece', 'unk_token': '[UNK]', 'continuing_subword_prefix': '##', 'max_input_chars_per_word': 100,
                  'vocab': {t: i for i, t in enumerate(dict.fromkeys(vocab))}}}


def unigram_edits(text):
    size = len(json.loads(text)['model']['vocab'])
    metaspace = section(type='Metaspace', replacement='▁', add_prefix_space=True)
    replace = section(type='Replace', pattern={'Regex': ' {2,}'}, content=' ')
    scheme = lambda **more: [metaspace, section(type='Metaspace', replacement='▁', **more)]
    split = section(type='WhitespaceSplit')
    end = '}], "normalizer"'
    tokens = [added(size, 'FooBar', single_word=True, normalized=True), added(size + 1, '[X]', lstrip=True, rstrip=True, special=True),
              added(size + 2, '[X][X]', special=True), added(size + 3, 'Ünï', normalized=True), added(size + 4, 'aa', lstrip=True, normalized=True)]
    bytes_ = ''.join(', ["<0x%02X>", -30.5]' % i for i in range(256))
    yield []
    yield [scheme(prepend_scheme='first', split=True)]
    yield [scheme(prepend_scheme='never', split=False)]
    yield [scheme(prepend_scheme='never', add_prefix_space=False)]
    yield [[metaspace, '{"type": "Sequence", "pretokenizers": [%s, %s]}' % (split, metaspace)]]
    yield [[replace, section(type='Strip', strip_left=True, strip_right=True)]]
    yield [[replace, section(type='Replace', pattern={'String': 'o'}, content='  a')]]
    yield [[end, '}, ' + json.dumps(tokens, ensure_ascii=False)[1:-1] + '], "normalizer"']]
    yield [['], "byte_fallback": false', bytes_ + '], "byte_fallback": true']]


def wordpiece_edits(text):
    size = len(json.loads(text)['model']['vocab'])
    bert = json.dumps(json.loads(text)['normalizer'])
    to = lambda clean, chinese, accents, lower: [[bert, section(type='BertNormalizer', clean_text=clean, handle_chinese_chars=chinese,
                                                                strip_accents=accents, lowercase=lower)]]
    tokens = [added(size, 'FooBar', single_word=True, normalized=True), added(size + 1, 'Ünï', normalized=True),
              added(size + 2, '[X]', lstrip=True, rstrip=True, special=True), added(0, 'the', single_word=True, lstrip=True, normalized=True),
              added(size + 3, '[X][X]', special=True), added(size + 4, '中文', rstrip=True)]
    yield []
    yield to(True, True, None, False)
    yield to(False, False, True, False)
    yield to(True, True, False, True)
    yield [['"max_input_chars_per_word": 100', '"max_input_chars_per_word": 5']]
    yield [['}], "normalizer"', '}, ' + json.dumps(tokens, ensure_ascii=False)[1:-1] + '], "normalizer"']]
    template = json.dumps(json.loads(text)['post_processor'])
    yield [[template, section(type='BertProcessing', sep=['[SEP]', 3], cls=['[CLS]', 2])]]
    yield [[template, section(type='RobertaProcessing', sep=['[SEP]', 3], cls=['[CLS]', 2], trim_offsets=True, add_prefix_space=True)]]


def pair_case(reference, rng):
    q, p = tokenizer_texts.text(rng, rng.choice([0, 2, 4])), tokenizer_texts.text(rng, rng.choice([0, 4, 12]))
    max_length, strategy = rng.choice([4, 5, 8, 11, 16, 30]), rng.choice(['longest_first', 'only_first', 'only_second'])
    reference.enable_truncation(max_length, strategy=strategy)
    try:
        encoding = reference.encode(q, p)
        return [q, p, max_length, strategy, encoding.ids, encoding.type_ids]
    except BaseException as error:  # the wheel raises its own kind for "Sequence to truncate too short"
        if 'too short' not in str(error):
            raise
        return [q, p, max_length, strategy, None, None]


def case(model, text, edits, seed, texts, pairs):
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    rng = random.Random(seed)
    reference = tokenizers.Tokenizer.from_str(text)
    reference.no_truncation()
    reference.no_padding()
    made = CORNERS + [tokenizer_texts.text(rng, rng.choice([1, 3, 6, 12])) for _ in range(texts)]
    rows = [[t, reference.encode(t, add_special_tokens=False).ids] for t in made if len(t) < 500]
    return {'model': model, 'edits': edits, 'texts': rows, 'pairs': [pair_case(reference, rng) for _ in range(pairs)]}


def numbers():
    rng = random.Random(3)
    texts = ['0', '-0', '0.0', '-0.0', '1', '-1', '1e5', '1E+5', '1.5e-3', '-11.482563972473145', '18446744073709551615', '18446744073709551616',
             '184467440737095516150', '12345678901234567890123', '0.12345678901234567890123', '1.7976931348623157e308', '4.9e-324', '1e-400', '0e999999999999',
             '1e-999999999999', '123456789012345678901e-30', '0.000000000000000000000000123', '2.2250738585072014e-308']
    texts += [repr(-rng.uniform(0, 25)) for _ in range(150)]
    texts += ['-%d.%s' % (rng.randrange(25), ''.join(rng.choice('0123456789') for _ in range(rng.choice([14, 15, 16, 17])))) for _ in range(150)]
    model = {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': [], 'normalizer': None, 'pre_tokenizer': None,
             'post_processor': None, 'decoder': None, 'model': {'type': 'Unigram', 'unk_id': 0, 'vocab': '@', 'byte_fallback': False}}
    vocab = '[%s]' % ','.join('["p%d", %s]' % pair for pair in enumerate(texts))
    read = json.loads(tokenizers.Tokenizer.from_str(json.dumps(model).replace('"@"', vocab)).to_str())['model']['vocab']
    return [[text, float(value).hex()] for text, (_, value) in zip(texts, read, strict=True)]


def main():
    os.makedirs(OUT, exist_ok=True)
    cases = []
    for model, build, edits_of in (('unigram', unigram_file, unigram_edits), ('wordpiece', wordpiece_file, wordpiece_edits)):
        text = json.dumps(build(), ensure_ascii=False)
        with open(os.path.join(OUT, model + '.json'), 'w', encoding='utf-8') as f:
            f.write(text)
        for seed, edits in enumerate(edits_of(text)):
            cases.append(case(model, text, edits, seed, 70 if seed == 0 else 16, 60 if seed == 0 else 6))
    with open(os.path.join(OUT, 'cases.jsonl'), 'w', encoding='utf-8') as f:
        f.writelines(json.dumps(c, separators=(',', ':')) + '\n' for c in cases)
    with open(os.path.join(OUT, 'numbers.json'), 'w', encoding='utf-8') as f:
        json.dump(numbers(), f)


if __name__ == '__main__':
    main()
