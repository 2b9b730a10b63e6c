/**
 * What the store gets for its inbox inside the simulation: messages come from outside, and the inboxes that a process
 * looks into are kept by one list of the real process, which would keep every run that ever died here.
 */
export { notWritten, postMessage } from '../../src/store/inbox.ts'

export function watchInbox(): () => void {
  return () => {}
}
