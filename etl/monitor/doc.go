// Package monitor shows others how the installation stands: the webhook that
// is told of trouble, metrics for Prometheus, and probes.
package monitor
