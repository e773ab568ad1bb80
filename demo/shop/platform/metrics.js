const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Counters and histograms of one service, rendered in the Prometheus text format 0.0.4. */
export function createMetrics({ service, revision }) {
  const requests = new Map();
  const upstreams = new Map();
  const durations = new Map();
  const startedAtSeconds = Date.now() / 1000;

  return {
    observeRequest(route, code, seconds) {
      increase(requests, labels({ service, route, code }));
      observe(durations, labels({ service, route }), seconds);
    },
    countUpstream(upstream, code) {
      increase(upstreams, labels({ service, upstream, code }));
    },
    render() {
      return [
        '# HELP http_requests_total Requests answered.',
        '# TYPE http_requests_total counter',
        ...counterLines('http_requests_total', requests),
        '# HELP upstream_requests_total Calls to other services, by status code or "error".',
        '# TYPE upstream_requests_total counter',
        ...counterLines('upstream_requests_total', upstreams),
        '# HELP http_request_duration_seconds Time to answer.',
        '# TYPE http_request_duration_seconds histogram',
        ...histogramLines('http_request_duration_seconds', durations),
        ...processLines(labels({ service, revision }), startedAtSeconds),
        '',
      ].join('\n');
    },
  };
}

function labels(pairs) {
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${JSON.stringify(String(value))}`)
    .join(',');
}

function increase(counter, key) {
  counter.set(key, (counter.get(key) ?? 0) + 1);
}

function observe(histogram, key, seconds) {
  const entry = histogram.get(key) ?? { buckets: BUCKETS_SECONDS.map(() => 0), sum: 0, count: 0 };
  BUCKETS_SECONDS.forEach((limit, index) => {
    if (seconds <= limit) entry.buckets[index] += 1;
  });
  entry.sum += seconds;
  entry.count += 1;
  histogram.set(key, entry);
}

function counterLines(name, counter) {
  return [...counter].map(([key, value]) => `${name}{${key}} ${value}`);
}

function histogramLines(name, histogram) {
  return [...histogram].flatMap(([key, { buckets, sum, count }]) => [
    ...BUCKETS_SECONDS.map((limit, index) => `${name}_bucket{${key},le="${limit}"} ${buckets[index]}`),
    `${name}_bucket{${key},le="+Inf"} ${count}`,
    `${name}_sum{${key}} ${sum}`,
    `${name}_count{${key}} ${count}`,
  ]);
}

function processLines(buildLabels, startedAtSeconds) {
  const { rss, heapUsed } = process.memoryUsage();
  return [
    '# TYPE build_info gauge',
    `build_info{${buildLabels}} 1`,
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${startedAtSeconds}`,
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${rss}`,
    '# TYPE nodejs_heap_size_used_bytes gauge',
    `nodejs_heap_size_used_bytes ${heapUsed}`,
  ];
}
