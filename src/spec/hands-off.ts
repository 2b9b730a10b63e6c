/** Whether an agent with these `handoffs`, as they are written, hands its work over to others. */
export function handsOff(handoffs: unknown): boolean {
  return Array.isArray(handoffs) ? handoffs.length > 0 : handoffs !== undefined && handoffs !== null && handoffs !== false
}
