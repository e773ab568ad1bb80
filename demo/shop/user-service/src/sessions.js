import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old a session may grow on the business clock before its holder has to sign in again. */
export const SESSION_LIFETIME_HOURS = 24;

/**
 * Sessions are signed, not stored: `<client>.<hour of issue>.<signature>`. So every instance can check those of another,
 * and a restart signs nobody out.
 */
export function createSessions({ key, clock }) {
  const sign = (text) => createHmac('sha256', key).update(text).digest('base64url');

  return {
    issue(client) {
      const claim = `${client}.${Math.round(clock.nowHours() * 1000)}`;
      return `${claim}.${sign(claim)}`;
    },
    /** Returns `{ client }`, or `{ rejected }` with the reason. */
    check(token) {
      const [client, issuedMilliHours, signature] = token.split('.');
      if (!client || !issuedMilliHours || !signature) return { rejected: 'malformed' };
      if (!isSame(signature, sign(`${client}.${issuedMilliHours}`))) return { rejected: 'bad signature' };
      const ageHours = clock.nowHours() - Number(issuedMilliHours) / 1000;
      if (ageHours > SESSION_LIFETIME_HOURS) return { client, rejected: 'expired' };
      return { client };
    },
  };
}

function isSame(left, right) {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
