import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { problemSchema } from '@parley/protocol';
import { z } from 'zod';

export interface ApiRouteOptions {
  readonly summary: string;
  readonly tag: 'sessions' | 'rooms' | 'messages' | 'hosting' | 'door' | 'gochat';
  readonly body?: z.ZodType;
  /** A body that works against the demo, as it stands or with a token put in. */
  readonly example?: object;
  readonly query?: z.ZodObject;
  /** Values for what the query must have. */
  readonly queryExamples?: Readonly<Record<string, string>>;
  readonly response?: z.ZodType;
  readonly status?: number;
  /** Ids in the path, each with one that the demo has. */
  readonly params?: Readonly<Record<string, number | string>>;
  /** Answers without a token. */
  readonly public?: boolean;
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: true | { readonly what: string; readonly example?: string };
}

type JsonSchema = NonNullable<Extract<Parameters<typeof ApiBody>[0], { schema: unknown }>['schema']>;

/** OpenAPI 3.1 is JSON Schema 2020-12. Zod's type is wider than swagger's, which knows fewer keywords. */
function openApi(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  });
  return json as unknown as JsonSchema;
}

const exampleOf = (example: unknown) => (example === undefined ? {} : { example });

const sentOnce = { what: 'Sending again with the same key appends nothing', example: 'hello-from-the-docs' };

/** Documents a route from the same schemas that validate it. */
export function ApiRoute(options: ApiRouteOptions): MethodDecorator {
  const { summary, tag, body, example, query, response, status = 200, params = {}, idempotent } = options;
  const decorators = [ApiOperation({ summary }), ApiTags(tag)];
  if (tag !== 'gochat') {
    if (!options.public) decorators.push(ApiBearerAuth());
    const problem = { 'application/problem+json': { schema: openApi(problemSchema, 'output') } };
    decorators.push(
      ApiResponse({ status: 'default', description: 'Problem details (RFC 9457)', content: problem }),
    );
  }
  if (body) {
    const examples = { ...(example && { examples: { demo: { value: example } } }) };
    decorators.push(ApiBody({ schema: openApi(body, 'input'), ...examples }));
  }
  if (idempotent) {
    const { what, example } = { ...sentOnce, ...(idempotent !== true && idempotent) };
    decorators.push(
      ApiHeader({
        ...{ name: 'Idempotency-Key', required: false, description: what },
        schema: { type: 'string', example },
      }),
    );
  }
  for (const [name, demo] of Object.entries(params))
    decorators.push(
      ApiParam({
        name,
        schema: {
          ...(typeof demo === 'number' ? { type: 'integer', minimum: 1 } : { type: 'string' }),
          example: demo,
        },
      }),
    );
  for (const [name, schema] of Object.entries<z.ZodType>(query?.shape ?? {}))
    decorators.push(
      ApiQuery({
        name,
        required: !schema.safeParse(undefined).success,
        schema: { ...openApi(schema, 'output'), ...exampleOf(options.queryExamples?.[name]) },
      }),
    );
  decorators.push(
    ApiResponse({ status, description: 'Success', ...(response && { schema: openApi(response, 'output') }) }),
  );
  return applyDecorators(...decorators);
}
