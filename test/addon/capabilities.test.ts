import { execFileSync } from 'node:child_process';
import { loadNative } from '../../src/addon/load-native';
import type { NativeCapabilities } from '../../src/addon/native-api';

/** In a process of its own, since the addon reads the variable where this one's copy does not reach. */
function capabilitiesWith(isa: string): NativeCapabilities {
  const code = `process.stdout.write(JSON.stringify(require('./dist/addon/load-native').loadNative().capabilities()))`;
  const env = { ...process.env, BGE_RERANKER_ISA: isa };
  return JSON.parse(execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' })) as NativeCapabilities;
}

it('names what our own kernels run, and on what', () => {
  const { families, dtypes, instructionSets } = loadNative().capabilities();
  expect(families.map(({ name }) => name)).toEqual(expect.arrayContaining(['bert', 'roberta']));
  expect(families.flatMap(({ modelTypes }) => modelTypes)).toContain('xlm-roberta');
  expect(families.flatMap(({ architectures }) => architectures)).toContain('XLMRobertaForSequenceClassification');
  expect(dtypes).toEqual(expect.arrayContaining(['fp32', 'bf16', 'int8']));
  expect(instructionSets[0]).toBe('portable');
});

it('says which instruction set BGE_RERANKER_ISA chose, or that there is none', () => {
  expect(capabilitiesWith('portable')).toMatchObject({
    instructionSet: 'portable',
    hasFastFp32: false,
    hasFastBf16: false,
  });
  const { instructionSets, instructionSet } = capabilitiesWith('');
  expect(instructionSet).toBe(instructionSets.at(-1));
  expect(capabilitiesWith('sse9').instructionSet).toBe('');
});
