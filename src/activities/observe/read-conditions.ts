import type { Prometheus } from '../../adapters/prometheus/prometheus.ts';
import type { Alert } from '../../domain/incident/alert.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { Reading } from '../../domain/plan/remediation.ts';
import type { Objective, ServiceSettings } from '../../domain/settings.ts';
import { toOneLine } from '../../domain/text.ts';
import type { ObserveActivities } from '../contract.ts';

export interface ReadConditionsPorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly prometheus?: Prometheus;
  readonly redact: Redact;
  readonly now?: () => Date;
}

/** Reads the alerts' own conditions and the services' objectives. What cannot be read is `unknown`, never ok, and says why. */
export function createReadConditions(ports: ReadConditionsPorts): ObserveActivities['readConditions'] {
  const { services, redact, now = () => new Date() } = ports;
  return async (input) => {
    const alerts = uniqueAlerts(input.alerts).map((alert, _, all) =>
      readAlert(ports.prometheus, alert, nameOf(alert, all)),
    );
    const objectives = input.services.flatMap((service) =>
      (services[service]?.objectives ?? []).map((objective) => readObjective(ports.prometheus, service, objective)),
    );
    const read = await Promise.all([...alerts, ...objectives]);
    const at = now().toISOString();
    return read
      .filter((item) => item !== undefined)
      .map((item) => ({
        ...item,
        at,
        expression: toOneLine(redact(item.expression), 1_000),
        ...(item.detail === undefined ? {} : { detail: toOneLine(redact(item.detail)) }),
      }));
  };
}

type Unstamped = Omit<Reading, 'at'>;

const noPrometheus = 'no Prometheus is configured: set `prometheus.url` in resident.yaml';

/** An alert from a sender without rules in Prometheus has no condition to read; then the objectives alone tell. */
async function readAlert(
  prometheus: Prometheus | undefined,
  alert: Alert,
  name: string,
): Promise<Unstamped | undefined> {
  const told = alert.expression ?? '';
  const isOfPrometheus = alert.expression !== undefined || /alertmanager|prometheus/i.test(alert.sender);
  if (!prometheus) return isOfPrometheus ? unknown(name, told, noPrometheus) : undefined;
  try {
    const expression = await prometheus.findExpression(alert);
    if (expression === undefined) {
      return isOfPrometheus ? unknown(name, told, `Prometheus has no rule named ${alert.name}`) : undefined;
    }
    const { state, value, threshold, detail } = await prometheus.readCondition(expression, alert.labels);
    return { name, expression, value, threshold: `not ${threshold}`, state, detail };
  } catch (error) {
    return unknown(name, told, wordsOf(error));
  }
}

async function readObjective(
  prometheus: Prometheus | undefined,
  service: string,
  { name: title, expr, min, max }: Objective,
): Promise<Unstamped> {
  const name = `${service}: ${title}`;
  const threshold = [min === undefined ? '' : `>= ${min}`, max === undefined ? '' : `<= ${max}`]
    .filter(Boolean)
    .join(' and ');
  if (!prometheus) return { ...unknown(name, expr, noPrometheus), threshold };
  try {
    const values = (await prometheus.query(expr)).map((sample) => sample.value).filter((value) => !Number.isNaN(value));
    if (values.length === 0)
      return { ...unknown(name, expr, 'no data, or not a number: is there traffic?'), threshold };
    const isBreach = (value: number) => (max !== undefined && value > max) || (min !== undefined && value < min);
    const worst = values.find(isBreach) ?? (max === undefined ? Math.min(...values) : Math.max(...values));
    const state = values.some(isBreach) ? 'breached' : 'ok';
    return { name, expression: expr, value: Number.isFinite(worst) ? worst : null, threshold, state };
  } catch (error) {
    return { ...unknown(name, expr, wordsOf(error)), threshold };
  }
}

function unknown(name: string, expression: string, detail: string): Unstamped {
  return { name, expression, value: null, threshold: '', state: 'unknown', detail };
}

/** One reading for each alert that fires on its own labels, however often it was sent. */
function uniqueAlerts(alerts: readonly Alert[]): readonly Alert[] {
  const seen = new Set<string>();
  return alerts.filter(({ fingerprint, name, service }) => {
    const key = `${service}/${name}/${fingerprint}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** The same name at each reading, so that a watch can follow it; a fingerprint where two alerts share their name. */
function nameOf(alert: Alert, all: readonly Alert[]): string {
  const isShared = all.some((other) => other !== alert && other.name === alert.name && other.service === alert.service);
  return `alert ${alert.name} (${alert.service}${isShared ? ` ${alert.fingerprint.slice(0, 8)}` : ''})`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
