import { Type } from 'typebox';

/** Body of `POST /session`. */
export const LoginSchema = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 256, description: 'The API key' }),
    remember: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Whether to stay logged in for 30 days, instead of until the browser is closed',
      }),
    ),
  },
  { examples: [{ key: 'your-api-key', remember: true }] },
);

/** Body of the responses of `/session`. */
export const SessionStateSchema = Type.Object(
  {
    logged_in: Type.Boolean({
      description: 'Whether the request has the cookie of a login, or the key from a proxy',
    }),
    reads_need_key: Type.Boolean({ description: 'Whether reads require the API key too (`AUTH_READS`)' }),
  },
  { title: 'SessionState', examples: [{ logged_in: true, reads_need_key: false }] },
);
