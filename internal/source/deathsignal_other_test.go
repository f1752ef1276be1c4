//go:build unix && !linux

package source

const hasDeathSignal = false
