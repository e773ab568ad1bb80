import { expect, it } from 'vitest';
import { describeWithServer } from './incident-harness.ts';

describeWithServer('approval', (harness) => {
  it('carries the plan out after an approval by signal, and ends recovered', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'ana' });
    const state = await incident.result();
    expect(state.outcome).toBe('recovered');
    expect(state.approvals).toMatchObject([{ by: 'ana', via: 'signal', decision: 'approve' }]);
    expect(incident.calls).toContain('perform action-1');
    expect(incident.calls).not.toContain('undo action-1');
    expect(Object.keys(state.phasesMs)).toEqual(
      expect.arrayContaining(['investigate', 'approve', 'remediate', 'watch']),
    );
  });

  it('answers an update at once, and refuses stale digests, unknown people and second decisions', async () => {
    const incident = await harness().open({ approvalsNeeded: 2 });
    const { plan } = await incident.until((state) => state.awaitingApproval);
    const decide = (planDigest: string, by: string): Promise<unknown> =>
      incident.handle.executeUpdate('decide', { args: [{ planDigest, decision: 'approve', by }] });
    const digest = plan?.digest ?? '';
    await expect(decide('another', 'ana')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('another plan') as string },
    });
    await expect(decide(digest, 'mallory')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('may not decide') as string },
    });
    await expect(decide(digest, 'ana')).resolves.toBe('accepted');
    await expect(decide(digest, 'ana')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('decided already') as string },
    });
    expect((await incident.state()).awaitingApproval).toBe(true);
    await expect(decide(digest, 'ben')).resolves.toBe('accepted');
    const state = await incident.result();
    expect(state.outcome).toBe('recovered');
    expect(state.refusals).toMatchObject([
      { by: 'ana', via: 'update', why: expect.stringContaining('another plan') as string },
      { by: 'mallory', via: 'update', why: expect.stringContaining('may not decide') as string },
      { by: 'ana', via: 'update', why: expect.stringContaining('decided already') as string },
    ]);
    expect(state.timeline.filter(({ text }) => text.startsWith('A decision by mallory was refused'))).toHaveLength(1);
  });

  it('records refused updates up to a limit, and refuses the rest without a trace', async () => {
    const incident = await harness().open();
    await incident.until((state) => state.awaitingApproval);
    for (let attempt = 0; attempt < 25; attempt += 1) {
      const stale = { planDigest: `stale-${attempt}`, decision: 'approve', by: 'ana' };
      await expect(incident.handle.executeUpdate('decide', { args: [stale] })).rejects.toThrow();
    }
    await expect(incident.handle.executeUpdate('decide', { args: [null] })).rejects.toThrow();
    expect((await incident.state()).refusals).toHaveLength(20);
    await incident.handle.cancel();
    expect((await incident.result()).outcome).toBe('cancelled');
  });

  it('keeps a refused signal visible in the state and goes on waiting', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'mallory' });
    await incident.handle.signal('approve', { planDigest: 'stale', by: 'ana' });
    const state = await incident.until((current) => current.refusals.length === 2);
    expect(state.refusals.map((refusal) => refusal.by)).toEqual(['mallory', 'ana']);
    expect(state.awaitingApproval).toBe(true);
    expect(incident.calls).not.toContain('perform action-1');
    await incident.handle.cancel();
    expect((await incident.result()).outcome).toBe('cancelled');
  });

  it('takes a rejection back into one more round and then ends rejected, nothing changed', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    await incident.handle.signal('reject', { planDigest: plan?.digest ?? '', by: 'ana', reason: 'not this one' });
    const state = await incident.result();
    expect(state.outcome).toBe('rejected');
    expect(state.outcomeReason).toContain('not this one');
    // Why the second round proposes nothing, although it may have learnt more.
    expect(state.outcomeReason).toContain('Nothing was changed. Nothing else to propose');
    expect(state.round).toBe(2);
    // The second round had no plan of its own: the report tells the one that was rejected, and by whom.
    expect(state.plan).toEqual(plan);
    expect(state.approvals).toMatchObject([{ by: 'ana', decision: 'reject', planDigest: plan?.digest }]);
    expect(incident.calls.filter((call) => call.startsWith('perform'))).toEqual([]);
  });

  it('reminds, escalates and expires by timers', async () => {
    const incident = await harness().open({
      timings: { approvalTimeoutMs: 5_500, reminderMs: 1_000, escalationMs: 3_000 },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('expired');
    const notices = incident.calls.filter((call) => call.startsWith('notify'));
    expect(notices[0]).toBe('notify approval-wanted');
    expect(notices).toContain('notify reminder');
    expect(notices).toContain('notify escalation');
    expect(notices.at(-1)).toBe('notify expired');
    const saidAt = (from: number, word: string): number => {
      const entry = state.timeline.find(({ at, text }) => Date.parse(at) >= from && text.startsWith(word));
      return Date.parse(entry?.at ?? '');
    };
    const escalatedAt = saidAt(0, 'Nobody has decided yet');
    expect(saidAt(escalatedAt, 'Reminded') - escalatedAt).toBeGreaterThanOrEqual(1_000);
    expect(incident.calls).not.toContain('perform action-1');
  });

  it('only proposes in a mode that forbids, and asks nobody where policy allows', async () => {
    const observing = await harness().open({ mode: 'observe', decision: 'forbid' });
    expect((await observing.result()).outcome).toBe('handed-over');
    expect(observing.calls).not.toContain('perform action-1');
    const automatic = await harness().open({ mode: 'semi-auto', decision: 'auto' });
    const state = await automatic.result();
    expect(state.outcome).toBe('recovered');
    expect(state.approvals).toMatchObject([{ by: 'policy', via: 'policy' }]);
  });
});

describeWithServer('messages that cannot be read', (harness) => {
  it('are told in the timeline, and the incident goes on and can be decided', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    for (const message of [undefined, null, 'junk', {}, { planDigest: 5, by: 'ana' }]) {
      for (const name of ['approve', 'reject', 'steer', 'alert']) await incident.handle.signal(name, message);
    }
    await expect(
      incident.handle.executeUpdate('decide', {
        args: [{ planDigest: plan?.digest, decision: 'reject', by: 'ana', reason: 5 }],
      }),
    ).rejects.toMatchObject({ cause: { message: expect.stringContaining('needs a reason') as string } });
    const open = await incident.until((state) => state.refusals.length === 10);
    expect(open.awaitingApproval).toBe(true);
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'ana' });
    expect((await incident.result()).outcome).toBe('recovered');
  });
});
