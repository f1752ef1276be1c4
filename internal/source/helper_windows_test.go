package source

import (
	"testing"
	"time"
)

// helperHost is for tests with signals, which Windows does not have.
func helperHost(string) int { return 1 }

// processorTime of children is not known there.
func processorTime(testing.TB) time.Duration { return 0 }
