const HOUR_MS = 3_600_000;

/**
 * The business clock: token lifetimes, delivery days. It runs `speed` times as fast as the wall clock from `epochMs` on,
 * so that a rehearsal can pass a day in seconds. Logs and metrics never use it.
 */
export function createClock({ epochMs = 0, speed = 1, wallNow = Date.now } = {}) {
  const now = () => epochMs + (wallNow() - epochMs) * speed;
  return { now, nowHours: () => now() / HOUR_MS };
}

/** The clock that CLOCK_EPOCH (milliseconds since 1970, wall time) and CLOCK_SPEED describe; the wall clock without them. */
export function clockFromEnvironment(env) {
  return createClock({ epochMs: Number(env.CLOCK_EPOCH ?? 0), speed: Number(env.CLOCK_SPEED ?? 1) });
}
