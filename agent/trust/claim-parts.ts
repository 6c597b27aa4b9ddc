/**
 * The parts that the tokens of authorities share: recognitions, screening lists. A licence's own parts are in the licence
 * room, which builds on this one.
 */
import { z } from 'zod'
import { PLAIN_TEXT } from '../token/index.ts'

/** Who such a token speaks to; one made for another kind of reader is not read. */
export const TOKEN_AUDIENCE = 'portcullis'

const TEXT_CHARS_MAX = 200

/** 9999-12-31T23:59:59Z: the last second that prints as a four-digit year. */
const TIME_SECONDS_MAX = 253_402_300_799

/** As in licences: https, with a lower-case host name, so that one issuer has one spelling. Never fetched. */
const ISSUER_URI = /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[A-Za-z0-9._~/-]*)?$/
const LOWER_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const COUNTRY = /^[A-Z]{2}$/
const CLASS = /^[a-z0-9-]+:[A-Za-z0-9._()/-]+$/

export const lineSchema = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .regex(PLAIN_TEXT, 'must be one line of visible text')
export const authorityUriSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(ISSUER_URI, 'must be an https URI with a lower-case host name')
export const countryCodeSchema = z
  .string()
  .regex(COUNTRY, 'must be a country code of two capitals (ISO 3166-1)')
export const classCodeSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(CLASS, 'must be a regime and a code with a colon between')

/** What says who made a token, for whom, and for how long. Times are whole seconds since 1970. */
export const tokenClaims = {
  iss: authorityUriSchema,
  aud: z.literal(TOKEN_AUDIENCE),
  jti: z.string().regex(LOWER_UUID, 'must be a lower-case UUID'),
  iat: z.int().min(0).max(TIME_SECONDS_MAX),
  exp: z.int().min(0).max(TIME_SECONDS_MAX),
} as const
