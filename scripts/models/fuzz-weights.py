#!/usr/bin/env python3
"""Compares our readers of weight files with Python's (pip install safetensors onnx numpy ml_dtypes) on changed files.

  fuzz-weights.py BUILD/bge_weights_dump [--seed N] [--files N]

Each file is a small sound one, safetensors or ONNX with raw, typed and external data, of which bytes, lengths, shapes or offsets
were changed. Both must refuse it, or both give the same values; what only ours refuses by name (MODEL_UNSUPPORTED) is counted
apart. Exits 1 with the first difference, whose file it leaves behind.
"""
import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import ml_dtypes
import numpy
import onnx
import safetensors
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings('ignore')
FLOATS = {'F32': numpy.float32, 'F16': numpy.float16, 'BF16': ml_dtypes.bfloat16}
ONNX_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
# As transformers reads files of before 2020.
RENAMED = (('LayerNorm.gamma', 'LayerNorm.weight'), ('LayerNorm.beta', 'LayerNorm.bias'))
UNSUPPORTED = 'unsupported'


def small_array(rng, dtype):
    shape = [rng.randrange(4) for _ in range(rng.randrange(4))]
    return (numpy.array([rng.uniform(-4, 4) for _ in range(int(numpy.prod(shape)))]).reshape(shape)).astype(dtype)


def sound_safetensors(rng):
    header, data = {}, b''
    for i in range(rng.randrange(5)):
        dtype = rng.choice(['F32', 'F32', 'F16', 'BF16', 'I64', 'U8'])
        array = small_array(rng, FLOATS.get(dtype, {'I64': numpy.int64, 'U8': numpy.uint8}.get(dtype)))
        bytes_ = array.tobytes()
        header[rng.choice(['a.weight', 'b', 'x.LayerNorm.gamma', 'é']) + str(i if rng.random() < .9 else 0)] = {
            'dtype': dtype, 'shape': list(array.shape), 'data_offsets': [len(data), len(data) + len(bytes_)]}
        data += bytes_
    if rng.random() < .5:
        header['__metadata__'] = {'format': 'pt'}
    return header, data


def changed_header(rng, header, data):
    names = [name for name in header if name != '__metadata__']
    for _ in range(rng.randrange(3)):
        if not names:
            break
        entry = header[rng.choice(names)]
        change = rng.randrange(7)
        if change == 0 and entry['shape']:
            entry['shape'][rng.randrange(len(entry['shape']))] = rng.choice([0, 1, 2, -1, 2**31, 2**62, 2**64, 1.0, None, '1'])
        elif change == 1 and len(entry['data_offsets']) == 2:
            entry['data_offsets'][rng.randrange(2)] += rng.choice([-4, -1, 1, 4, 2**32, -2**63])
        elif change == 2:
            entry['dtype'] = rng.choice(['F32', 'F16', 'BF16', 'I32', 'F64', 'f32', 'X', None, 'BOOL', 'F8_E4M3'])
        elif change == 3:
            entry['data_offsets'] = rng.choice([[], [0], [0, 4, 8], None, 'x', entry['data_offsets'][:]])
        elif change == 4:
            entry[rng.choice(['extra', 'dtype', 'shape'])] = rng.choice([1, None, 'F32', []])
        elif change == 5:
            entry.pop(rng.choice(list(entry)), None)
            if not entry:
                entry['dtype'] = 'F32'
                entry['shape'] = []
                entry['data_offsets'] = [0, 4]
        else:
            header['__metadata__'] = rng.choice([{}, {'a': 1}, None, [], 'x', {'a': 'b'}])
        for key, value in (('shape', []), ('data_offsets', [0, 0])):
            if not isinstance(entry.get(key), list):
                return header, data  # changed enough
    if rng.random() < .2:
        data = data[:rng.randrange(len(data) + 1)] if rng.random() < .5 else data + bytes(rng.randrange(9))
    return header, data


def changed_bytes(rng, content, times):
    content = bytearray(content)
    for _ in range(times):
        if not content:
            break
        at = rng.randrange(len(content))
        kind = rng.randrange(4)
        if kind == 0:
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            content[at] = rng.choice(b'\x00\xff\x7f\x80 {}[]",:0129-e.')
        elif kind == 2:
            del content[at:at + rng.randrange(1, 4)]
        else:
            content[at:at] = bytes(rng.choice(b'\x00 {}",0') for _ in range(rng.randrange(1, 3)))
    return bytes(content)


def make_safetensors(rng, folder):
    header, data = changed_header(rng, *sound_safetensors(rng))
    text = json.dumps(header, ensure_ascii=rng.random() < .5).encode()
    if rng.random() < .3:
        text = changed_bytes(rng, text, rng.randrange(3))
    size = len(text) if rng.random() < .95 else rng.choice([0, len(text) - 1, len(text) + 1, 2**63, 10**8 + 1])
    path = os.path.join(folder, 'model.safetensors')
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', size) + text + data)
    return path, False


def external(tensor, rng, folder, is_sound):
    bytes_ = tensor.raw_data
    with open(os.path.join(folder, 'weights.bin'), 'ab') as file:
        offset = file.tell()
        file.write(bytes_)
    tensor.ClearField('raw_data')
    tensor.data_location = TensorProto.EXTERNAL
    number = lambda value: rng.choice(['-1', 'abc', '0x10', str(2**64), '', str(value + 1)]) if not is_sound and rng.random() < .1 else str(value)
    location = 'weights.bin' if is_sound or rng.random() < .95 else rng.choice(['../weights.bin', 'none', '/etc/passwd', ''])
    for key, value in (('location', location), ('offset', number(offset)), ('length', number(len(bytes_)))):
        # Without a length Python takes the rest of the file, ours what the tensor has.
        if key != 'offset' or rng.random() < .9:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value


def make_onnx(rng, folder):
    shutil.rmtree(folder)
    os.mkdir(folder)
    with open(os.path.join(folder, 'weights.bin'), 'wb') as file:
        file.write(bytes(8))  # ours refuses an empty file, also where nothing is taken from it
    changes_bytes = rng.random() < .3
    tensors = []
    for i in range(rng.randrange(1, 5)):
        dtype = rng.choice([numpy.float32, numpy.float32, numpy.float16, ml_dtypes.bfloat16, numpy.int8, numpy.int64])
        array = small_array(rng, dtype)
        if dtype == numpy.float32 and rng.random() < .3:
            tensor = helper.make_tensor(f't{i}', TensorProto.FLOAT, array.shape, array.flatten().tolist())
        else:
            tensor = numpy_helper.from_array(array, f't{i}')
        if tensor.data_type in ONNX_FLOATS and tensor.HasField('raw_data') and rng.random() < .3:
            external(tensor, rng, folder, changes_bytes)
        # Ours passes over what holds no weights.
        is_read = tensor.data_type != TensorProto.INT64 and not changes_bytes
        if is_read and rng.random() < .2 and tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([0, 1, 2, 3, -1, 2**31, 2**62])
        if is_read and rng.random() < .1 and tensor.HasField('raw_data'):
            tensor.raw_data = changed_bytes(rng, tensor.raw_data, 1)
        tensors.append(tensor)
    nodes = [helper.make_node('Relu', ['x'], ['y'])]
    graph = helper.make_graph(nodes, 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1])],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, [1])], tensors)
    content = helper.make_model(graph).SerializeToString()
    path = os.path.join(folder, 'model.onnx')
    with open(path, 'wb') as file:
        file.write(content)
    if changes_bytes:
        with open(path, 'wb') as file:
            file.write(changed_bytes(rng, content, rng.randrange(1, 3)))
    return path, changes_bytes


def values(array):
    return [list(array.shape), numpy.ascontiguousarray(array, numpy.float32).tobytes().hex()]


def read_safetensors(path):
    with open(path, 'rb') as file:
        found = safetensors.deserialize(file.read())
    out = {}
    for name, entry in found:
        if entry['dtype'] not in FLOATS:
            continue
        for old, new in RENAMED:
            name = name[:-len(old)] + new if name.endswith(old) else name
        out[name.encode().hex()] = [entry['shape'], values(numpy.frombuffer(bytes(entry['data']), FLOATS[entry['dtype']]))[1]]
    return out


def read_onnx(path):
    model = onnx.load(path, load_external_data=True)
    out = {}
    for tensor in model.graph.initializer:
        if any(size < 0 for size in tensor.dims):
            raise ValueError('numpy would take a negative size for the one that fits')
        if tensor.data_type in ONNX_FLOATS:
            name = tensor.name  # bytes where it is no UTF-8
            out[(name if isinstance(name, bytes) else name.encode()).hex()] = values(numpy_helper.to_array(tensor))
        elif tensor.data_type in (TensorProto.INT8, TensorProto.UINT8, TensorProto.INT32):
            numpy_helper.to_array(tensor)  # ours reads these too
    return out


def theirs(path):
    try:
        return (read_onnx if path.endswith('.onnx') else read_safetensors)(path)
    except Exception as error:  # whatever these packages throw
        return f'{type(error).__name__}: {error}'


def same_values(ours, expected):
    """NaN equals NaN whatever its bits: half and bfloat16 are widened by two different codes."""
    if ours[0] != expected[0] or len(ours[1]) != len(expected[1]):
        return False
    a, b = (numpy.frombuffer(bytes.fromhex(each[1]), numpy.float32) for each in (ours, expected))
    return numpy.array_equal(a, b, equal_nan=True)


def outcome_of(ours, expected, changes_bytes):
    """Ours reads weights alone: a changed byte may be elsewhere, or make of a weight what is none."""
    if 'error' in ours:
        return 'both refuse' if isinstance(expected, str) else UNSUPPORTED if ours['error'] == 'MODEL_UNSUPPORTED' else None
    if isinstance(expected, str):
        return 'damage elsewhere' if changes_bytes else None
    same = set(ours['tensors']) == set(expected) and all(same_values(ours['tensors'][each], expected[each]) for each in expected)
    return 'same values' if same else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('dump')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--files', type=int, default=5000)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    dump = subprocess.Popen([args.dump], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    counts = {}
    top = tempfile.mkdtemp()
    folder = os.path.join(top, 'files')
    os.mkdir(folder)
    for number in range(args.files):
        path, changes_bytes = (make_safetensors if rng.random() < .5 else make_onnx)(rng, folder)
        expected = theirs(path)
        dump.stdin.write(path + '\n')
        dump.stdin.flush()
        ours = json.loads(dump.stdout.readline())
        outcome = outcome_of(ours, expected, changes_bytes)
        if outcome is None:
            print(f'seed {args.seed}, file {number}: {path}\n  ours   {str(ours)[:300]}\n  theirs {str(expected)[:300]}')
            sys.exit(1)
        counts[outcome] = counts.get(outcome, 0) + 1
    shutil.rmtree(top)
    print(f'{args.files} files: ' + ', '.join(f'{count} {name}' for name, count in sorted(counts.items())))


if __name__ == '__main__':
    main()
