"""Random texts that reach the corners of tokenizing; used by fuzz-tokenizer.py and make-tokenizer-fixtures.py."""

WORDS = ('the quick brown fox jumps over a lazy dog reranker passages query unbelievable naïve Besançon Straße ÜBUNG İstanbul '
         'ΟΔΟΣ Пример проверка שלום مرحبا हिन्दी ภาษาไทย 中文檢索 日本語 かがガ 한국어 각 Tiếng Việt don\'t e.g. 3.14 1,000 C++ #tag '
         'a@b.c x_y \\n 00000000000000 2222222222 abccc mmnnn aaaa zzzz').split()
MARKS = '\u0300\u0301\u0302\u0308\u030a\u0323\u0327\u0345\u05b0\u064b\u093c\u094d\u0e31\u0e33\u20dd\u3099\u302a\U0001d165\ufe0f'
INVISIBLE = '\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\ufeff\ufffc\ufffd'
CONTROLS = '\0\x01\x07\t\n\x0b\x0c\r\x1b\x1f\x7f\x80\x85\x9f'
SPACES = ' \u00a0\u1680\u2000\u2003\u2009\u2028\u2029\u202f\u205f\u3000\u2581'
SYMBOLS = '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~¡§°²½€™©…“”—、。！？＜＞／［］'
COMPAT = 'ﬁﬂ①㈱㎏Åﷺ¨´ΩKÅℌ𝐇𝒳ｆｕｌｌｗｉｄｔｈＡＢＣｱｲﾞ\u2f801\ufb1d\u0958\u0344\u1e9b\u01c4\u0132'
PREPEND = '\u0600\u06dd\u070f\u08e2\u0d4e\U000110bd'
JAMO = '\u1100\u1161\u11a8\uac00\uac01\u115f\u1160\ud7a3'
INDIC = '\u0915\u094d\u0937\u093f\u0958\u0995\u09cd\u0b95\u0bcd\u0d15\u0d4d\u1000\u1039'
EMOJI = ['😀', '👨\u200d👩\u200d👧', '👍🏽', '🇩🇪', '🇩', '❤\ufe0f', '™', '©\ufe0f', '1\ufe0f\u20e3', '😀\u200d™\u0301', '🏴\U000e0067\U000e007f']
ADDED = ['<s>', '</s>', '<pad>', '<unk>', '<mask>', '[CLS]', '[SEP]', '[PAD]', '[UNK]', '[MASK]', '＜mask＞', '＜/ｓ＞', '<ma\u00adsk>',
         'FooBar', 'foobar', 'Ünï', 'u\u0308ni', '[X]', '[X][X]', 'the', '中文', '##b', '[sep]', '< s >', '</s', 'mask>', '<<s>>']
SCRIPTS = [(0x41, 0x24F), (0x370, 0x52F), (0x530, 0x6FF), (0x700, 0x8FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x1FFF),
           (0x2000, 0x2BFF), (0x2C00, 0x33FF), (0x3400, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xFFFF),
           (0x10000, 0x1FFFF), (0x20000, 0x323AF), (0xE0000, 0x10FFFF)]


def any_scalar(random):
    low, high = random.choice(SCRIPTS) if random.random() < 0.9 else (0, 0x10FFFF)
    c = random.randint(low, high)
    return 'x' if 0xD800 <= c <= 0xDFFF else chr(c)


def atom(random):
    pick = random.random()
    if pick < 0.28:
        return random.choice(WORDS)
    if pick < 0.40:
        return ' ' * random.choice([1, 1, 1, 1, 2, 3])
    if pick < 0.50:
        return random.choice(MARKS) * random.choice([1, 1, 1, 2, 5])
    if pick < 0.56:
        return any_scalar(random)
    if pick < 0.62:
        return random.choice(ADDED)
    if pick < 0.67:
        return random.choice(EMOJI)
    pool = random.choice([INVISIBLE, CONTROLS, SPACES, SYMBOLS, SYMBOLS, COMPAT, PREPEND, JAMO, INDIC, 'abcdefghijklmnopqrstuvwxyzé'])
    return ''.join(random.choice(pool) for _ in range(random.choice([1, 1, 2, 4])))


def text(random, atoms=None):
    """A text of about `atoms` atoms; without it mostly short, now and then very long."""
    if atoms is None:
        atoms = random.choice([0, 1, 2, 3, 5, 8, 12, 20, 40])
    kind = random.random()
    if kind < 0.06:  # one thing again and again, the pieces of which have nowhere to be cut
        return atom(random) * random.choice([3, 30, 99, 100, 101, 400])
    if kind < 0.16:  # prose
        return ' '.join(random.choice(WORDS) for _ in range(atoms * 2))
    return ''.join(atom(random) for _ in range(atoms))


def long_text(random):
    """Several times the length of the parts in which the tokenizer works."""
    separators = ['', '', ' ', '\u3000', '\n']
    separator = random.choice(separators)
    if random.random() < 0.3:
        few = [atom(random) for _ in range(random.choice([1, 2, 5]))]
        return separator.join(random.choice(few) for _ in range(random.choice([3000, 9000])))
    return separator.join(text(random, 10) for _ in range(random.choice([100, 300])))
