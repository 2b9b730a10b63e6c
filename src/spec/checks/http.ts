import { isJsonObject } from '../../json.ts'
import { outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'

/** Can every request be sent as it is written? */
export function checkRequests({ stages, report }: CheckContext): void {
  for (const { value, at } of outlineBlocks(stages)) {
    const { http } = value
    if (!isJsonObject(http) || http['body'] === undefined) continue
    const { method = 'GET' } = http
    if (method !== 'GET' && method !== 'HEAD') continue
    const message = `A ${method} request has no body: say \`method: POST\`, or what else is meant.`
    report({ code: 'HTTP_BODY', message, at: [...at, 'http', 'body'], part: 'key' })
  }
}
