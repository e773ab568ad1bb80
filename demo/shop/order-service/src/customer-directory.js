import { expectAnswer } from './expect-answer.js';

/** Looks customers up at user-service, with one session that is kept for `cacheHours` of the business clock. */
export function createCustomerDirectory({ user, clock, cacheHours, log }) {
  let session;

  async function openSession(requestId) {
    if (session && clock.nowHours() - session.openedAtHour < cacheHours) return session.token;
    const answer = await user.call('POST', '/sessions', { body: { client: 'order-service' }, requestId });
    const { token } = expectAnswer(user, answer, { log, requestId });
    session = { token, openedAtHour: clock.nowHours() };
    log.info('session opened', { requestId, upstream: user.name });
    return token;
  }

  return {
    /** The customer; throws an HttpError of 404 for an unknown one. */
    async find(customerId, requestId) {
      const headers = { authorization: `Bearer ${await openSession(requestId)}` };
      const answer = await user.call('GET', `/customers/${encodeURIComponent(customerId)}`, { headers, requestId });
      return expectAnswer(user, answer, { log, requestId, passOn: [404] });
    },
  };
}
