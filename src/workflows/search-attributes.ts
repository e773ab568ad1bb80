import { defineSearchAttributeKey } from '@temporalio/common';
import { searchAttributeNames } from '../domain/names.ts';

export const serviceKey = defineSearchAttributeKey(searchAttributeNames.service, 'KEYWORD');
export const severityKey = defineSearchAttributeKey(searchAttributeNames.severity, 'KEYWORD');
export const phaseKey = defineSearchAttributeKey(searchAttributeNames.phase, 'KEYWORD');
export const outcomeKey = defineSearchAttributeKey(searchAttributeNames.outcome, 'KEYWORD');
export const awaitingApprovalKey = defineSearchAttributeKey(searchAttributeNames.awaitingApproval, 'BOOL');
