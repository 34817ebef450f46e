import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readChatTemplate } from '../../src/models/chat-template';
import { TINY_QWEN_TEMPLATE, tinyQwenPrompt } from '../support/tiny-qwen';
import { temporaryFolder } from '../support/temporary-folder';

function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const read = (template: string, files: Record<string, string> = {}) =>
  readChatTemplate(folderWith({ 'chat_template.jinja': template, ...files }));

it('a template is the text around query, document and instruction', async () => {
  const prompt = await read(TINY_QWEN_TEMPLATE);
  expect(prompt.beforeQuery + 'Q' + prompt.beforePassage + 'D' + prompt.end).toBe(tinyQwenPrompt('Q', 'D'));
  const { before, after } = prompt.instructed!;
  expect(before + 'I' + after + 'Q' + prompt.beforePassage + 'D' + prompt.end).toBe(tinyQwenPrompt('Q', 'D', 'I'));
  expect(prompt.joined).toBe(true);
});

it('a template without a place for the role system takes no instruction', async () => {
  const prompt = await read('{{ messages[-2].content }}|{{ messages[-1].content }}<|im_end|>');
  expect(prompt).toEqual({
    beforeQuery: '',
    instructed: undefined,
    beforePassage: '|',
    end: '<|im_end|>',
    joined: true,
  });
});

it('content may be a list of parts, and tokens of tokenizer_config.json stand in the template', async () => {
  const parts =
    "{% for m in messages if m.role != 'system' %}{{ bos_token }}{{ m.content[0].text }}{% endfor %}{{ eos_token }}";
  const config = JSON.stringify({ bos_token: '<s>', eos_token: { content: '</s>' } });
  const { beforeQuery, beforePassage, end } = await read(parts, { 'tokenizer_config.json': config });
  expect([beforeQuery, beforePassage, end]).toEqual(['<s>', '<s>', '</s>']);
});

it('the template may stand in tokenizer_config.json, alone or among others', async () => {
  const template = '{{ messages[-2].content }}|{{ messages[-1].content }}<|im_end|>';
  for (const chat_template of [
    template,
    [
      { name: 'tools', template: 'x' },
      { name: 'default', template },
    ],
  ]) {
    const folder = folderWith({ 'tokenizer_config.json': JSON.stringify({ chat_template }) });
    expect((await readChatTemplate(folder)).beforePassage).toBe('|');
  }
});

it('what Sentence Transformers gives to the template is given', async () => {
  const template = '{{ messages[-2].content }}|{{ messages[-1].content }}{% if add_generation_prompt %}<go>{% endif %}';
  const settings = { processing_kwargs: { chat_template: { add_generation_prompt: true } } };
  expect((await read(template)).end).toBe('');
  expect((await read(template, { 'sentence_bert_config.json': JSON.stringify(settings) })).end).toBe('<go>');
});

it.each([
  ['trims', '{{ messages[-2].content | trim }}|{{ messages[-1].content }}<|im_end|>'],
  ['says a text twice', '{{ messages[-2].content }}|{{ messages[-1].content }}{{ messages[-1].content }}'],
  ['leaves a text out', '{{ messages[-2].content }}<|im_end|>'],
  ['has the document first', '{{ messages[-1].content }}|{{ messages[-2].content }}<|im_end|>'],
  [
    'depends on the text',
    '{{ messages[-2].content }}{% if "9d1c" in messages[-1].content %}!{% endif %}|{{ messages[-1].content }}',
  ],
  ['raises', "{{ raise_exception('only user and assistant') }}"],
  ['knows other roles', "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}"],
])('a template that %s is refused by its file', async (_, template) => {
  const folder = folderWith({ 'chat_template.jinja': template });
  await expect(readChatTemplate(folder)).rejects.toMatchObject({
    code: 'MODEL_UNSUPPORTED',
    path: join(folder, 'chat_template.jinja'),
    message: expect.stringContaining('promptTemplate') as string,
  });
});

it('no template, and one that is no Jinja, are said', async () => {
  await expect(readChatTemplate(temporaryFolder())).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await expect(read('{% if %}')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
});
