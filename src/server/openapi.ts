import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import type { Endpoint, Served } from './dialects/dialect';
import type { Route, RouteTable } from './dialects/route-table';
import { examplesOf, type RouteExample } from './examples';

type Json = Record<string, unknown>;

/** A JSON Schema 2020-12 part of the document. */
function schema(given: v.GenericSchema): Json {
  const made = toJsonSchema(given, { target: 'draft-2020-12', typeMode: 'input' }) as Json;
  return Object.fromEntries(Object.entries(made).filter(([key]) => key !== '$schema'));
}

function json(content: Json, examples?: Json): Json {
  return { 'application/json': { schema: content, ...(examples ? { examples } : undefined) } };
}

/** The same names on both sides, so that a request is shown with its answer. */
function named(examples: readonly RouteExample[], side: 'request' | 'answer'): Json {
  return Object.fromEntries(examples.map((example) => [example.title, { value: example[side] }]));
}

function oneOrAny(schemas: Json[]): Json {
  return schemas.length === 1 ? schemas[0]! : { anyOf: schemas };
}

/** The body of a refusal that no dialect words. */
const REFUSED: Json = { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] };

interface Operation {
  summary: string;
  request: Json;
  responses: v.GenericSchema[];
  failures: v.GenericSchema[];
  parameters?: Json[];
  examples: readonly RouteExample[];
}

function operation({ summary, request, responses, failures, parameters, examples }: Operation): Json {
  const failed = { description: 'Refused or failed', content: json(oneOrAny(failures.map(schema))) };
  return {
    summary,
    ...(parameters ? { parameters } : undefined),
    requestBody: { required: true, content: json(request, named(examples, 'request')) },
    responses: {
      200: {
        description: 'Ranked',
        content: json(oneOrAny(responses.map(schema)), named(examples, 'answer')),
      },
      '4XX': failed,
      '5XX': failed,
    },
  };
}

/** As `chooseRoute` decides: a body belongs to the first dialect that claims it, and must be valid there. */
function sharedRequest(routes: readonly Route[]): Json {
  const claimed: Json[] = [];
  const requests = routes.map(({ endpoint: { request, claims } }) => {
    const before = claimed.map((claim) => ({ not: claim }));
    const own = claims ? [schema(claims)] : [];
    claimed.push(...own);
    const parts = routes.length === 1 ? [] : [...own, ...before];
    return parts.length === 0 ? schema(request) : { allOf: [schema(request), ...parts] };
  });
  return oneOrAny(requests);
}

function pathParameters({ parameters }: Endpoint): Json[] | undefined {
  if (!parameters) return undefined;
  return Object.entries(parameters.schemas).map(([name, given]) => ({
    name,
    in: 'path',
    required: true,
    schema: schema(given),
  }));
}

async function pathOf(routes: readonly Route[], served: Served): Promise<Json> {
  const failures = new Set(routes.map(({ dialect }) => dialect.failureSchema));
  return {
    post: operation({
      summary: routes.map(({ endpoint }) => endpoint.summary).join(' · '),
      request: sharedRequest(routes),
      responses: routes.map(({ endpoint }) => endpoint.response),
      failures: [...failures],
      parameters: pathParameters(routes[0]!.endpoint),
      examples: await examplesOf(routes, served),
    }),
  };
}

function health(summary: string): Json {
  const content = json({ type: 'object', properties: { status: { type: 'string' } }, required: ['status'] });
  return {
    get: {
      summary,
      security: [],
      responses: { 200: { description: 'Yes', content }, 503: { description: 'No', content } },
    },
  };
}

export interface Described {
  version: string;
  routes: RouteTable;
  served: Served;
  secured: boolean;
}

/** The OpenAPI 3.1 document, made from the schemas that validate the requests. */
export async function openApiDocument({ version, routes, served, secured }: Described): Promise<Json> {
  const paths: Json = {};
  for (const [path, shared] of routes.byPath) paths[path] = await pathOf(shared, served);
  for (const { path, summary, response } of routes.lookups) {
    paths[path] = {
      get: {
        summary,
        responses: {
          200: { description: 'Known', content: json(schema(response)) },
          '4XX': { description: 'Refused', content: json(REFUSED) },
        },
      },
    };
  }
  paths['/health'] = health('Is the server there?');
  paths['/health/live'] = health('Is the process alive?');
  paths['/health/ready'] = health('Does it take requests?');
  return {
    openapi: '3.1.0',
    info: { title: 'bge-reranker', version, description: 'Cross-encoder reranking, by the APIs that clients know.' },
    paths,
    ...(secured
      ? {
          components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
          security: [{ token: [] }],
        }
      : undefined),
  };
}
