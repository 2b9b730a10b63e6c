import { z } from 'zod'

/** A key of our own form in a foreign one: it means there what it means here, and is checked once it is translated. */
export const asOurs = z.unknown().optional()

/** Those that foreign workflows may have at the top. */
export const ownTopKeys = {
  $schema: asOurs,
  forkchart: asOurs,
  description: asOurs,
  version: asOurs,
  input: asOurs,
  agents: asOurs,
  limits: asOurs,
  env: asOurs,
  parallel: asOurs,
}
