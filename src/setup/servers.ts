export { dockerRunFolder, startDocker, type DockerEngine, type DockerOptions } from './servers/docker.ts';
export { startAlertmanager, startPrometheus, type HttpServer, type MonitoringOptions } from './servers/prometheus.ts';
export { startTemporal, type TemporalOptions, type TemporalServer } from './servers/temporal.ts';
