/** What the validator's package needs of Node 22. */
function defineSetMethods(): void {
  const prototype = Set.prototype as unknown as Record<string, unknown>;
  prototype['union'] ??= function (this: Set<unknown>, other: Set<unknown>) {
    return new Set([...this, ...other]);
  };
  prototype['difference'] ??= function (this: Set<unknown>, other: Set<unknown>) {
    return new Set([...this].filter((item) => !other.has(item)));
  };
}

/** Workers AI's published schema for this model, properties in its order. */
const SCHEMA = {
  type: 'object',
  properties: {
    query: { type: 'string', minLength: 1 },
    top_k: { type: 'integer', minimum: 1 },
    contexts: { type: 'array', items: { type: 'object', properties: { text: { type: 'string', minLength: 1 } } } },
  },
  required: ['query', 'contexts'],
};

interface Validator {
  validate(input: unknown): unknown;
}

/** Workers AI's own validator of inputs: its message, or 'passes'. */
export function cloudflareValidator(): (input: unknown) => string {
  // Required after the Set methods exist.
  defineSetMethods();
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Cabidela } = require('@cloudflare/cabidela') as { Cabidela: new (schema: object) => Validator };
  const validator = new Cabidela(SCHEMA);
  return (input) => {
    try {
      validator.validate(input);
      return 'passes';
    } catch (error) {
      return (error as Error).message;
    }
  };
}
