/** The acquirer's API. `charge` resolves to `{ state }`: 'captured' with the acquirer's id, 'declined' or 'failed'. */
export function createAcquirer({ upstream, log, slowChargeMs }) {
  async function charge(order, requestId) {
    const startedAt = performance.now();
    try {
      const { status, body } = await upstream.call('POST', '/v1/payments', { body: toPayment(order), requestId });
      const durationMs = Math.round(performance.now() - startedAt);
      if (durationMs > slowChargeMs) log.warn('slow charge', { requestId, upstream: 'acquirer', durationMs });
      if (status === 201) return { state: 'captured', acquirerId: body.id };
      if (status === 402) return { state: 'declined' };
      log.error('acquirer refused the charge', { requestId, upstream: 'acquirer', status, problems: body.errors });
      return { state: 'failed' };
    } catch (error) {
      log.error('charge failed', { requestId, upstream: 'acquirer', error: error.message });
      return { state: 'failed' };
    }
  }
  return { charge };
}

/** An order in the acquirer's words. */
export function toPayment({ orderId, amount, currency, card }) {
  return { reference: orderId, amount: amount.toFixed(2), currency, card };
}
